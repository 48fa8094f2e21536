package auth

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

var (
	proxies = Proxies{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	proxy   = netip.MustParseAddr("127.0.0.1")
)

func parse(t testing.TB, section string) ContextConfig {
	t.Helper()
	var cfg ContextConfig
	if err := yaml.Unmarshal([]byte(section), &cfg); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func compiled(t testing.TB, section string) *Context {
	t.Helper()
	c, err := NewContext(parse(t, section), proxies)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// from is a request of a peer.
func from(peer netip.Addr, h http.Header) *Request {
	return &Request{Peer: peer, Trusted: proxies.Contain(peer), Header: h}
}

func header(pairs ...string) http.Header {
	h := make(http.Header)
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func TestContext(t *testing.T) {
	for _, c := range []struct {
		name, section string
		header        http.Header
		want          string // in Elixir's notation
	}{
		{"empty", `{}`, nil, `%{}`},
		{"integer", `{current_user_id: {header: X-User-Id, type: integer}}`, header("X-User-Id", "42"), `%{current_user_id: 42}`},
		{"odd case of the name", `{id: {header: x-uSER-id, type: integer}}`, header("X-User-Id", "-7"), `%{id: -7}`},
		{"large integer", `{id: {header: X, type: integer}}`, header("X", "123456789012345678901234567890"), `%{id: 123456789012345678901234567890}`},
		{"string is the default", `{id: {header: X}}`, header("X", "42"), `%{id: "42"}`},
		{"float", `{r: {header: X, type: float}}`, header("X", "0.5"), `%{r: 0.5}`},
		{"float of an integer", `{r: {header: X, type: float}}`, header("X", "2"), `%{r: 2.0}`},
		{"boolean", `{a: {header: X, type: boolean}, b: {header: Y, type: boolean}}`, header("X", "true", "Y", "false"), `%{a: true, b: false}`},
		{"list of strings", `{roles: {header: X, type: [string]}}`, header("X", "admin, ops"), `%{roles: ["admin", "ops"]}`},
		{"list of integers", `{ids: {header: X, type: [integer]}}`, header("X", "300,400"), `%{ids: [300, 400]}`},
		{"absent", `{id: {header: X, type: integer}}`, nil, `%{}`},
		{"empty counts as absent", `{id: {header: X, type: integer}}`, header("X", ""), `%{}`},
		{"default", `{id: {header: X, type: integer, default: 7}}`, nil, `%{id: 7}`},
		{"default null", `{id: {header: X, default: null}}`, nil, `%{id: nil}`},
		{"constant null", `{none: {value: null}}`, nil, `%{none: nil}`},
		{"constants", `{a: {value: x}, b: {value: 1}, c: {value: 1.5}, d: {value: true}, e: {value: [1, x]}, f: {value: {k: v}}}`, nil,
			`%{a: "x", b: 1, c: 1.5, d: true, e: [1, "x"], f: %{k: "v"}}`},
		{"nested", `{scope: {fields: {tenant: {header: X}, trial: {value: false}}}, z: {value: 1}}`, header("X", "acme"),
			`%{scope: %{tenant: "acme", trial: false}, z: 1}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, _, err := compiled(t, c.section).Append([]byte("kept"), from(proxy, c.header), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := (etf.Term{Bytes: b[len("kept"):]}).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if string(b[:len("kept")]) != "kept" {
				t.Error("what was in the buffer is lost")
			}
		})
	}
}

func TestIdentified(t *testing.T) {
	for _, c := range []struct {
		name, section string
		header        http.Header
		want          bool
	}{
		{"empty", `{}`, header("X", "1"), false},
		{"constant", `{a: {value: 1}}`, header("X", "1"), false},
		{"header", `{a: {header: X}, b: {value: 1}}`, header("X", "1"), true},
		{"one header of two", `{a: {header: X}, b: {header: Y}}`, header("X", "1"), true},
		{"what the default is, too", `{a: {header: X, default: "1"}}`, header("X", "1"), true},
		{"absent", `{a: {header: X}}`, nil, false},
		{"empty header", `{a: {header: X}}`, header("X", ""), false},
		{"default", `{a: {header: X, default: 1}, b: {header: Y}}`, nil, false},
		{"nested", `{a: {fields: {b: {fields: {c: {header: X}}}, d: {value: 1}}}}`, header("X", "1"), true},
		{"nested constant", `{a: {fields: {b: {value: 1}, c: {header: X}}}}`, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, identified, err := compiled(t, c.section).Append(nil, from(proxy, c.header), nil)
			if err != nil || identified != c.want {
				t.Errorf("%v, %v, want %v", identified, err, c.want)
			}
		})
	}
}

func TestInvalidHeaders(t *testing.T) {
	for typ, texts := range map[string][]string{
		"integer":   {"x", "4 2", "4.0", "1e3", "0x10", "+1", "-", "١", strings.Repeat("9", maxDigits+1)},
		"float":     {"x", "inf", "NaN", "0x1p4", "1e999", "1,5"},
		"boolean":   {"1", "TRUE", "yes"},
		"string":    {"\xff"},
		"[integer]": {"1,", "1;2"},
	} {
		c := compiled(t, `{k: {header: X-Secret, type: `+typ+`}}`)
		for _, text := range texts {
			_, _, err := c.Append(nil, from(proxy, header("X-Secret", text)), nil)
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("%s %q: %v, want ErrInvalid", typ, text, err)
				continue
			}
			if !strings.Contains(err.Error(), "X-Secret") || len(text) > 3 && strings.Contains(err.Error(), text) {
				t.Errorf("%s %q: error %q must name the header and not its value", typ, text, err)
			}
		}
	}
}

// One proxy that appends, where it should replace, would let a client choose.
func TestRepeatedHeaderIsInvalid(t *testing.T) {
	c := compiled(t, `{id: {header: X-User-Id}}`)
	_, _, err := c.Append(nil, from(proxy, header("X-User-Id", "1", "x-user-id", "2")), nil)
	if !errors.Is(err, ErrInvalid) {
		t.Errorf("%v, want ErrInvalid", err)
	}
}

func TestRequiredHeader(t *testing.T) {
	c := compiled(t, `{id: {header: X-User-Id, required: true}}`)
	if _, _, err := c.Append(nil, from(proxy, nil), nil); !errors.Is(err, ErrUnauthenticated) {
		t.Errorf("%v, want ErrUnauthenticated", err)
	}
}

func TestHeadersOfOthersAreNotRead(t *testing.T) {
	optional := compiled(t, `{id: {header: X-User-Id}}`)
	required := compiled(t, `{id: {header: X-User-Id, required: true}}`)
	for peer, trusted := range map[string]bool{
		"127.0.0.1": true, "::ffff:127.9.9.9": true, "fd00::1": true,
		"10.0.0.1": false, "::1": false, "2001:db8::1": false,
	} {
		addr := netip.MustParseAddr(peer)
		b, identified, err := optional.Append(nil, from(addr, header("X-User-Id", "1")), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := (etf.Term{Bytes: b}).String(); (got != `%{}`) != trusted || identified != trusted {
			t.Errorf("%s: context is %s, identified: %v", peer, got, identified)
		}
		if _, _, err := required.Append(nil, from(addr, header("X-User-Id", "1")), nil); errors.Is(err, ErrUnauthenticated) == trusted {
			t.Errorf("%s: %v", peer, err)
		}
	}
	// A request without a peer's address, as through a Unix socket.
	if b, _, _ := optional.Append(nil, from(netip.Addr{}, header("X-User-Id", "1")), nil); (etf.Term{Bytes: b}).String() != `%{}` {
		t.Error("a peer without address is trusted")
	}
}

func TestBadSections(t *testing.T) {
	for section, want := range map[string]string{
		`{k: {}}`:                                      "context.k needs one of",
		`{k: {value: 1, header: X}}`:                   "context.k needs one of",
		`{k: {value: 1, required: true}}`:              "go with header",
		`{k: {header: X, required: true, default: 1}}`: "leave out one",
		`{k: {fields: {l: {}}}}`:                       "context.k.l needs one of",
		`{k: {value: .inf}}`:                           "context.k.value",
		`{k: {value: 18446744073709551615}}`:           "context.k.value",
		`{k: {header: "X Y"}}`:                         "is not a header name",
	} {
		if _, err := NewContext(parse(t, section), proxies); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want one with %q", section, err, want)
		}
	}
	if _, err := NewContext(parse(t, `{k: {header: X}}`), nil); err == nil || !strings.Contains(err.Error(), "trusted_proxies") {
		t.Errorf("a header without trusted proxies: %v", err)
	}
	for _, section := range []string{`{k: {header: X, type: atom}}`, `{k: {header: X, type: [string, integer]}}`, `{k: {header: X, type: {}}}`} {
		var cfg ContextConfig
		if err := yaml.Unmarshal([]byte(section), &cfg); err == nil || !strings.Contains(err.Error(), "type") {
			t.Errorf("%s: %v", section, err)
		}
	}
}

func FuzzContext(f *testing.F) {
	f.Add("42", "a,b")
	c := compiled(f, `{a: {header: A, type: integer}, b: {header: B, type: [string]}, c: {header: A, type: float}, d: {header: B}}`)
	f.Fuzz(func(t *testing.T, a, b string) {
		out, _, err := c.Append(nil, from(proxy, header("A", a, "B", b)), nil)
		if err != nil {
			return
		}
		d := etf.NewDecoder(etf.Term{Bytes: out})
		if err := d.Skip(); err != nil || d.Offset() != len(out) {
			t.Errorf("not one term: % x (%v)", out, err)
		}
	})
}

func TestHeaders(t *testing.T) {
	c := compiled(t, "{a: {header: X-User-Id}, b: {fields: {c: {header: x-tenant}, d: {header: X-User-Id}}}, e: {value: 1}}")
	if got := c.Headers(); !slices.Equal(got, []string{"X-Tenant", "X-User-Id"}) {
		t.Errorf("%v", got)
	}
}
