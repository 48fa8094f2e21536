package secret

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// No way to print a Text, or a value that contains one, prints the secret.
func TestTextIsNotPrinted(t *testing.T) {
	type config struct{ Cookie Text }
	held := config{"s3cret-cookie"}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{held, &held, held.Cookie, &held.Cookie, []Text{held.Cookie}, map[string]Text{"k": held.Cookie}} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("text", "held", held, "secret", held.Cookie)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "held", held, "secret", held.Cookie)
	json.NewEncoder(&out).Encode(held)
	yaml.NewEncoder(&out).Encode(held)
	for _, form := range []string{string(held.Cookie), hex.EncodeToString([]byte(held.Cookie)), "cookie\n"} {
		if strings.Contains(strings.ToLower(out.String()), form) {
			t.Errorf("%q is in\n%s", form, &out)
		}
	}
	if n := strings.Count(out.String(), placeholder); n < 40 {
		t.Errorf("the placeholder is printed only %d times:\n%s", n, &out)
	}
}
