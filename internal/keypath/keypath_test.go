package keypath

import (
	"errors"
	"io/fs"
	"testing"
	"time"
)

func TestErrors(t *testing.T) {
	absent := In(fs.ErrNotExist, "file")
	for _, c := range []struct {
		err  error
		want string
	}{
		{Errorf("timeout", "is %ds", -1), "timeout is -1s"},
		{Errorf("", "needs one key"), "needs one key"},
		{NotNegative("timeout", -time.Second, "a time, such as 30s"), "timeout is negative; write a time, such as 30s"},
		{OneOf("mode", "s3cret", "off", "log", "enforce"), "mode is not off, log or enforce"},
		{In(Errorf("", "needs one key"), "auth", "methods", 1), "auth.methods[1] needs one key"},
		{In(In(Errorf("issuer", "is missing"), "methods", 1, "jwt"), "apps", 0, "auth"), "apps[0].auth.methods[1].jwt.issuer is missing"},
		{In(absent, "apps", 0), "apps[0].file: file does not exist"},
		{In(errors.Join(Errorf("a", "is 1"), errors.Join(nil, absent)), "limits"), "limits.a is 1\nlimits.file: file does not exist"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	if In(nil, "a") != nil || In(errors.Join(nil), "a") != nil {
		t.Error("nil is an error")
	}
	if NotNegative("timeout", 0, "") != nil || OneOf("mode", "log", "off", "log") != nil {
		t.Error("a valid value is an error")
	}
	if !errors.Is(In(absent, "apps", 0), fs.ErrNotExist) || absent.Error() != "file: file does not exist" {
		t.Error("the cause is lost, or a prefix has changed the error itself")
	}
}

func TestWithin(t *testing.T) {
	path := Path{"apps", 0, "load"}
	for _, c := range []struct {
		section Path
		want    bool
	}{
		{nil, true}, {Path{"apps"}, true}, {path, true}, {path.Join("queue"), false}, {Path{"apps", 1}, false}, {Path{"app"}, false},
	} {
		if path.Within(c.section) != c.want {
			t.Errorf("%s in %s: %v", path, c.section, !c.want)
		}
	}
}
