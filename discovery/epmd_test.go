package discovery

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// namesResp returns the NAMES_RESP of an EPMD on port 4369.
func namesResp(lines string) string { return "\x00\x00\x11\x11" + lines }

// portResp returns the PORT2_RESP of a node.
func portResp(port uint16, nodeType byte, highest uint16, name string) string {
	b := []byte{tagPort2Resp, 0}
	b = binary.BigEndian.AppendUint16(b, port)
	b = append(b, nodeType, 0)
	b = binary.BigEndian.AppendUint16(b, highest)
	b = binary.BigEndian.AppendUint16(b, 5)
	b = binary.BigEndian.AppendUint16(b, uint16(len(name)))
	return string(append(b, name...)) + "\x00\x00"
}

func TestParseNames(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		want   []entry
	}{
		"no node":             {namesResp(""), nil},
		"two nodes":           {namesResp("name my-app-01 at port 40001\nname b at port 65535\n"), []entry{{"my-app-01", 40001}, {"b", 65535}}},
		"port 0":              {namesResp("name a at port 0\n"), []entry{{"a", 0}}},
		"a name like a line":  {namesResp("name a at port 1 at port 2\n"), []entry{{"a at port 1", 2}}},
		"a name with a space": {namesResp("name a b at port 2\n"), []entry{{"a b", 2}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseNames([]byte(test.answer))
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("got %v, %v; want %v", got, err, test.want)
			}
		})
	}
}

func TestParseNamesRefuses(t *testing.T) {
	for name, test := range map[string]struct{ answer, want string }{
		"nothing":            {"", "0 bytes"},
		"cut in the port":    {"\x00\x00\x11", "3 bytes"},
		"not an EPMD":        {"HTTP/1.1 400 Bad Request\r\n", `begins with "HTTP"`},
		"cut in a line":      {namesResp("name a at port 1\nname b at port 4000"), "line 2"},
		"cut before a port":  {namesResp("name a at port \n"), `line 1: "" is not a port`},
		"no name":            {namesResp("name  at port 1\n"), "line 1"},
		"other words":        {namesResp("name a at port 1\nnode b at port 1\n"), "line 2"},
		"empty line":         {namesResp("\n"), "line 1"},
		"not a number":       {namesResp("name a at port x\n"), `"x" is not a port`},
		"negative":           {namesResp("name a at port -1\n"), `"-1" is not a port`},
		"signed":             {namesResp("name a at port +1\n"), `"+1" is not a port`},
		"padded":             {namesResp("name a at port 007\n"), `"007" is not a port`},
		"above 65535":        {namesResp("name a at port 70000\n"), `"70000" is not a port`},
		"far above":          {namesResp("name a at port 99999999999999999999999\n"), "is not a port"},
		"carriage return":    {namesResp("name a at port 1\r\n"), "is not a port"},
		"a name with a line": {namesResp("name x\ny at port 1\n"), "line 1"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseNames([]byte(test.answer))
			if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, %v; want %q", got, err, test.want)
			}
		})
	}
}

func TestParsePort(t *testing.T) {
	const name = "my-app"
	good := portResp(40001, nodeTypeNormal, 6, name)
	for test, want := range map[string]struct {
		answer string
		port   uint16
		err    error
	}{
		"normal":          {good, 40001, nil},
		"hidden":          {portResp(40001, nodeTypeHidden, 6, name), 40001, nil},
		"later version":   {portResp(40001, nodeTypeNormal, 7, name), 40001, nil},
		"with extra":      {good[:len(good)-2] + "\x00\x03abc", 40001, nil},
		"unknown":         {"\x77\x01", 0, ErrNotRegistered},
		"OTP 22":          {portResp(40001, nodeTypeNormal, 5, name), 0, ErrTooOld},
		"nothing":         {"", 0, ErrMalformed},
		"tag only":        {"\x77", 0, ErrMalformed},
		"not an EPMD":     {"HTTP/1.1 400 Bad Request\r\n", 0, ErrMalformed},
		"port 0":          {portResp(0, nodeTypeNormal, 6, name), 0, ErrMalformed},
		"odd node type":   {portResp(40001, 99, 6, name), 0, ErrMalformed},
		"another's":       {portResp(40001, nodeTypeNormal, 6, "my-app-2"), 0, ErrMalformed},
		"trailing bytes":  {good + "x", 0, ErrMalformed},
		"name too long":   {strings.Replace(good, "\x00\x06my-app", "\xff\xffmy-app", 1), 0, ErrMalformed},
		"extra too long":  {good[:len(good)-2] + "\xff\xff", 0, ErrMalformed},
		"extra cut short": {good[:len(good)-1], 0, ErrMalformed},
	} {
		t.Run(test, func(t *testing.T) {
			port, err := parsePort([]byte(want.answer), name)
			if port != want.port || !errors.Is(err, want.err) {
				t.Errorf("got %d, %v; want %d, %v", port, err, want.port, want.err)
			}
		})
	}
	for n := 2; n < len(good); n++ {
		if port, err := parsePort([]byte(good[:n]), name); !errors.Is(err, ErrMalformed) {
			t.Errorf("first %d bytes: got %d, %v", n, port, err)
		}
	}
}

// parseNames reads all of an answer that it accepts: formatted again, it is the same.
func FuzzParseNames(f *testing.F) {
	f.Add([]byte(namesResp("")))
	f.Add([]byte(namesResp("name my-app-01 at port 40001\nname b at port 0\n")))
	f.Add([]byte(namesResp("name a at port 1 at port 70000\n")))
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		entries, err := parseNames(answer)
		if err != nil {
			if !errors.Is(err, ErrMalformed) || len(err.Error()) > 1000 {
				t.Fatalf("unexpected error %v", err)
			}
			return
		}
		written := string(answer[:4])
		for _, e := range entries {
			written += fmt.Sprintf("name %s at port %d\n", e.name, e.port)
		}
		if written != string(answer) {
			t.Fatalf("%q was read as %q", answer, written)
		}
	})
}

func FuzzParsePort(f *testing.F) {
	f.Add([]byte(portResp(40001, nodeTypeNormal, 6, "my-app")), "my-app")
	f.Add([]byte(portResp(0, nodeTypeHidden, 5, "")), "")
	f.Add([]byte("\x77\x01"), "my-app")
	f.Add([]byte("\x77\x00\x9c\x41\x4d\x00\x00\x06\x00\x06\xff\xffmy-app\xff\xff"), "my-app")
	f.Fuzz(func(t *testing.T, answer []byte, name string) {
		port, err := parsePort(answer, name)
		kind := Problem{Err: err}.kind()
		switch {
		case err == nil && (port == 0 || !strings.Contains(string(answer), name)):
			t.Fatalf("port %d for %q", port, name)
		case err != nil && (kind == nil || port != 0 || len(err.Error()) > 1000+4*len(name)):
			t.Fatalf("port %d, unexpected error %v", port, err)
		}
	})
}
