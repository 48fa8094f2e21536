package auth

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

var (
	proxies = TrustedProxies{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
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

// from returns a request of a peer.
func from(peer netip.Addr, h http.Header) *Request {
	return &Request{Peer: peer, Trusted: proxies.Contains(peer), Header: h}
}

func header(pairs ...string) http.Header {
	h := make(http.Header)
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// decimal returns a Decimal in Elixir notation.
func decimal(coef string, exp, sign int) string {
	return fmt.Sprintf("%%Decimal{coef: %s, exp: %d, sign: %d}", coef, exp, sign)
}

func TestContext(t *testing.T) {
	for _, c := range []struct {
		name, section string
		header        http.Header
		want          string // in Elixir notation
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
		{"decimals", `{a: {header: X, type: [decimal]}}`, header("X", "1.50, -0, 1e3, 12.5E-1, 007"),
			`%{a: [` + decimal("150", -2, 1) + `, ` + decimal("0", 0, -1) + `, ` + decimal("1", 3, 1) + `, ` + decimal("125", -2, 1) + `, ` + decimal("7", 0, 1) + `]}`},
		{"atoms", `{a: {header: X, type: [atom], atoms: [admin, ops]}, b: {header: Y, type: atom, atoms: [admin]}}`, header("X", "ops, admin", "Y", "admin"), `%{a: [:ops, :admin], b: :admin}`},
		{"cookies", `{locale: {cookie: locale, default: en}, n: {cookie: n, type: integer}, none: {cookie: none}}`, header("Cookie", "n=7; locale=de", "Cookie", "other=1"), `%{locale: "de", n: 7}`},
		{"empty cookie counts as absent", `{locale: {cookie: locale, default: en}}`, header("Cookie", "locale="), `%{locale: "en"}`},
		{"request", `{ip: {request: client_address}, id: {request: request_id}, trace: {request: trace_id}}`, nil, `%{id: "id-1", ip: "2001:db8::1"}`},
		{"typed defaults", `{a: {cookie: c, type: decimal, default: "1.50"}, b: {cookie: c, type: atom, atoms: [x], default: x}, c: {cookie: c, type: [integer], default: [1, 2]}, d: {cookie: c, type: float, default: 2}, e: {cookie: c, type: integer, default: 18446744073709551615}}`, nil,
			`%{a: ` + decimal("150", -2, 1) + `, b: :x, c: [1, 2], d: 2.0, e: 18446744073709551615}`},
		{"typed constants", `{a: {value: gateway, type: atom, atoms: [gateway]}, b: {value: "0.5", type: decimal}}`, nil, `%{a: :gateway, b: ` + decimal("5", -1, 1) + `}`},
		{"nested", `{scope: {fields: {tenant: {header: X}, trial: {value: false}}}, z: {value: 1}}`, header("X", "acme"),
			`%{scope: %{tenant: "acme", trial: false}, z: 1}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := from(proxy, c.header)
			r.ID, r.Client = "id-1", netip.MustParseAddr("2001:db8::1")
			b, _, err := compiled(t, c.section).Append([]byte("kept"), r, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := (etf.Term{Bytes: b[len("kept"):]}).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if string(b[:len("kept")]) != "kept" {
				t.Error("the previous content of the buffer is lost")
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
		{"default", `{a: {header: X, default: "1"}, b: {header: Y}}`, nil, false},
		{"nested", `{a: {fields: {b: {fields: {c: {header: X}}}, d: {value: 1}}}}`, header("X", "1"), true},
		{"claim, cookie and request", `{a: {claim: sub}, b: {cookie: c}, d: {request: client_address}}`, header("Cookie", "c=1"), false},
		{"nested constant", `{a: {fields: {b: {value: 1}, c: {header: X}}}}`, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := from(proxy, c.header)
			r.Client = proxy
			_, identified, err := compiled(t, c.section).Append(nil, r, &Identity{Claims: map[string]any{"sub": "1"}})
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
		"decimal":   {"x", "inf", "NaN", "1.", ".5", "+1", "1e", "1e1001", "1e-1001", "1e+-1", "1e99999999999999999999", "0x1p4", "1_0", strings.Repeat("9", maxDigits+1)},
		"[integer]": {"1,", "1;2"},
	} {
		c := compiled(t, `{k: {header: X-Secret, type: `+typ+`}}`)
		for _, text := range texts {
			_, _, err := c.Append(nil, from(proxy, header("X-Secret", text)), nil)
			if !errors.Is(err, ErrInvalidValue) {
				t.Errorf("%s %q: %v, want ErrInvalidValue", typ, text, err)
				continue
			}
			if !strings.Contains(err.Error(), "X-Secret") || len(text) > 3 && strings.Contains(err.Error(), text) {
				t.Errorf("%s %q: error %q must name the header and not its value", typ, text, err)
			}
		}
	}
}

// A proxy that appends a header instead of replacing it would let the client choose.
func TestRepeatedHeaderIsInvalid(t *testing.T) {
	c := compiled(t, `{id: {header: X-User-Id}}`)
	_, _, err := c.Append(nil, from(proxy, header("X-User-Id", "1", "x-user-id", "2")), nil)
	if !errors.Is(err, ErrInvalidValue) {
		t.Errorf("%v, want ErrInvalidValue", err)
	}
}

func TestRequiredHeader(t *testing.T) {
	c := compiled(t, `{id: {header: X-User-Id, required: true}}`)
	if _, _, err := c.Append(nil, from(proxy, nil), nil); !errors.Is(err, ErrUnauthenticated) {
		t.Errorf("%v, want ErrUnauthenticated", err)
	}
}

func TestHeadersOfUntrustedPeers(t *testing.T) {
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
	// A request without a peer address, as through a Unix socket.
	if b, _, _ := optional.Append(nil, from(netip.Addr{}, header("X-User-Id", "1")), nil); (etf.Term{Bytes: b}).String() != `%{}` {
		t.Error("a peer without address is trusted")
	}
}

func TestInvalidContextConfig(t *testing.T) {
	for section, want := range map[string]string{
		`{k: {}}`:                                                            "context.k needs one of",
		`{k: {value: 1, header: X}}`:                                         "context.k needs one of",
		`{k: {value: 1, required: true}}`:                                    "which need claim, header",
		`{k: {header: X, required: true, default: 1}}`:                       "remove one",
		`{k: {fields: {l: {}}}}`:                                             "context.k.fields.l needs one of",
		`{k: {value: .inf}}`:                                                 "context.k.value",
		`{k: {value: 18446744073709551615}}`:                                 "context.k.value",
		`{k: {value: 1, claim: sub}}`:                                        "context.k needs one of",
		`{k: {cookie: c, fields: {}}}`:                                       "context.k needs one of",
		`{k: {cookie: "a b"}}`:                                               "is not a valid cookie name",
		`{k: {request: agent}}`:                                              "client_address, request_id and trace_id",
		`{k: {request: trace_id, type: integer}}`:                            "remove type",
		`{k: {fields: {}, type: integer}}`:                                   "remove type",
		`{k: {fields: {}, default: 1}}`:                                      "which need claim, header",
		`{k: {cookie: c, type: atom}}`:                                       "context.k: the type atom needs atoms",
		`{k: {cookie: c, type: [atom], atoms: [""]}}`:                        "1 to 255 bytes",
		`{k: {cookie: c, atoms: [a]}}`:                                       "needs the type atom",
		`{k: {cookie: c, type: integer, default: "5"}}`:                      "context.k.default: a string is not of type integer",
		`{k: {cookie: c, type: integer, default: 5.0}}`:                      "context.k.default",
		`{k: {cookie: c, type: integer, default: [5]}}`:                      "context.k.default",
		`{k: {cookie: c, default: 5}}`:                                       "context.k.default: an integer is not of type string",
		`{k: {cookie: c, type: boolean, default: "true"}}`:                   "context.k.default",
		`{k: {cookie: c, type: float, default: "1.5"}}`:                      "context.k.default",
		`{k: {cookie: c, type: decimal, default: 1.5}}`:                      "context.k.default",
		`{k: {cookie: c, type: decimal, default: one}}`:                      "context.k.default",
		`{k: {cookie: c, type: [integer], default: 5}}`:                      "context.k.default",
		`{k: {cookie: c, type: [integer], default: [5, x]}}`:                 "a string is not of type integer",
		`{k: {claim: role, type: atom, atoms: [admin, user], default: ops}}`: "context.k.default: the value is not in atoms",
		`{k: {value: ops, type: atom, atoms: [admin]}}`:                      "context.k.value: the value is not in atoms",
		`{a: {fields: {k: {cookie: c, default: 5}}}}`:                        "context.a.fields.k.default",
		`{k: {header: "X Y"}}`:                                               "is not a valid header name",
	} {
		if _, err := NewContext(parse(t, section), proxies); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want one with %q", section, err, want)
		}
	}
	if _, err := NewContext(parse(t, `{k: {header: X}}`), nil); err == nil || !strings.Contains(err.Error(), "trusted_proxies") {
		t.Errorf("a header without trusted proxies: %v", err)
	}
	if err := parse(t, `{k: {claim: sub}}`).Validate(true, false); err == nil || !strings.Contains(err.Error(), "auth.methods") {
		t.Errorf("a claim without methods: %v", err)
	}
	for _, section := range []string{`{k: {claim: []}}`, `{k: {claim: [0, a]}}`, `{k: {claim: [a, -1]}}`, `{k: {claim: [a, ""]}}`, `{k: {claim: {a: b}}}`, `{k: {claim: [a, [b]]}}`} {
		var cfg ContextConfig
		if err := yaml.Unmarshal([]byte(section), &cfg); err == nil || !strings.Contains(err.Error(), "claim") {
			t.Errorf("%s: %v", section, err)
		}
	}
	for _, section := range []string{`{k: {header: X, type: text}}`, `{k: {header: X, type: [string, integer]}}`, `{k: {header: X, type: {}}}`} {
		var cfg ContextConfig
		if err := yaml.Unmarshal([]byte(section), &cfg); err == nil || !strings.Contains(err.Error(), "type") {
			t.Errorf("%s: %v", section, err)
		}
	}
}

// No byte of a request becomes an atom; all atoms are in the configuration.
func FuzzContext(f *testing.F) {
	f.Add("42", "a,b")
	f.Add("-1.50e3", "admin, nobody")
	f.Add("true", `a; c=b`)
	var entries strings.Builder
	known := map[string]bool{"nil": true, "true": true, "false": true, "admin": true, "__struct__": true, "Elixir.Decimal": true, "sign": true, "coef": true, "exp": true}
	for _, source := range []string{"header: A", "header: B", "cookie: c", "request: request_id", "claim: a", "claim: [b, 0]", "claim: [b, c]", "claim: b"} {
		for _, typ := range []string{"", "string", "integer", "float", "boolean", "decimal", "atom", "[integer]", "[string]", "[decimal]", "[atom]"} {
			key := "k" + strconv.Itoa(len(known))
			known[key] = true
			entry := key + ": {" + source
			if typ != "" {
				entry += ", type: " + typ
			}
			if strings.Contains(typ, "atom") {
				entry += ", atoms: [admin]"
			}
			if strings.HasPrefix(source, "request") && typ != "string" {
				continue
			}
			entries.WriteString(entry + "}\n")
		}
	}
	var contexts []*Context // one for each field: the first error ends the context
	for entry := range strings.Lines(entries.String()) {
		contexts = append(contexts, compiled(f, entry))
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		number, err := strconv.ParseFloat(a, 64)
		if err != nil || math.IsInf(number, 0) || math.IsNaN(number) {
			number = 0.5
		}
		identity := &Identity{Claims: map[string]any{"a": a, "b": []any{b, number, int64(len(a)), true, nil, map[string]any{a: b, "c": a}}}}
		r := from(proxy, header("A", a, "B", b, "Cookie", "c="+b))
		r.ID = a
		for _, c := range contexts {
			out, _, err := c.Append(nil, r, identity)
			if entry := new(ContextFieldError); err != nil {
				if !errors.As(err, &entry) || !errors.Is(err, ErrInvalidValue) && !errors.Is(err, ErrUnauthenticated) {
					t.Fatalf("%v", err)
				}
				continue
			}
			onlyAtoms(t, out, known)
		}
		onlyAtoms(t, AppendClaims(nil, identity), known)
	})
}

// onlyAtoms fails unless b is one term whose atoms are all known.
func onlyAtoms(t *testing.T, b []byte, known map[string]bool) {
	t.Helper()
	d := etf.NewDecoder(etf.Term{Bytes: b})
	if err := d.Skip(); err != nil || d.Offset() != len(b) {
		t.Errorf("not one term: % x (%v)", b, err)
	}
	for i := 0; i < len(b); {
		switch tag := etf.Tag(b[i]); tag {
		case etf.TagSmallAtomUTF8:
			name := string(b[i+2 : i+2+int(b[i+1])])
			if !known[name] {
				t.Errorf("an atom %q in % x", name, b)
			}
			i += 2 + int(b[i+1])
		case etf.TagBinary:
			i += 5 + int(binary.BigEndian.Uint32(b[i+1:]))
		case etf.TagMap, etf.TagList, etf.TagInteger:
			i += 5
		case etf.TagNil:
			i++
		case etf.TagSmallInteger:
			i += 2
		case etf.TagNewFloat:
			i += 9
		case etf.TagSmallBig:
			i += 3 + int(b[i+1])
		case etf.TagLargeBig:
			i += 6 + int(binary.BigEndian.Uint32(b[i+1:]))
		default:
			t.Fatalf("tag %d in % x", tag, b)
		}
	}
}

func TestHeaders(t *testing.T) {
	for section, want := range map[string][]string{
		"{a: {header: X-User-Id}, b: {fields: {c: {header: x-tenant}, d: {header: X-User-Id}}}, e: {value: 1}}": {"X-Tenant", "X-User-Id"},
		"{a: {fields: {b: {cookie: locale}, c: {cookie: theme}}}, d: {claim: sub}}":                             {"Cookie"},
	} {
		c := compiled(t, section)
		if got := c.Headers(); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if c.UsesCookies() != slices.Contains(want, "Cookie") {
			t.Errorf("%s: UsesCookies is %v", section, c.UsesCookies())
		}
	}
}

// An error names the field and its source, for the client and the log.
func TestContextFieldErrors(t *testing.T) {
	stranger := netip.MustParseAddr("10.1.2.3")
	for _, c := range []struct {
		section string
		peer    netip.Addr
		header  http.Header
		claims  map[string]any
		kind    error
		text    string
	}{
		{`{id: {header: x-user-id, required: true}}`, proxy, nil, nil, ErrUnauthenticated, "context.id: the header X-User-Id is missing"},
		{`{id: {header: X-User-Id, required: true}}`, proxy, header("X-User-Id", ""), nil, ErrUnauthenticated, "context.id: the header X-User-Id is missing"},
		{`{id: {header: X-User-Id, required: true}}`, stranger, nil, nil, ErrUnauthenticated, "context.id: the header X-User-Id is missing"},
		{`{id: {header: X-User-Id, required: true}}`, stranger, header("X-User-Id", "secret"), nil, ErrUnauthenticated, "context.id: the header X-User-Id counts as missing: 10.1.2.3 is not in trusted_proxies"},
		{`{id: {header: X-User-Id, required: true}}`, netip.Addr{}, header("X-User-Id", "secret"), nil, ErrUnauthenticated, "context.id: the header X-User-Id counts as missing: the peer has no address, so it is not in trusted_proxies"},
		{`{id: {header: X-User-Id, type: integer}}`, proxy, header("X-User-Id", "secret"), nil, ErrInvalidValue, "context.id: the header X-User-Id is not of type integer"},
		{`{id: {header: X-User-Id}}`, proxy, header("X-User-Id", "secret", "X-User-Id", "secret"), nil, ErrInvalidValue, "context.id: the header X-User-Id occurs 2 times"},
		{`{s: {fields: {l: {cookie: locale, type: [atom], atoms: [en]}}}}`, stranger, header("Cookie", "locale=secret"), nil, ErrInvalidValue, "context.s.l: the cookie locale is not of type list of atom"},
		{`{l: {cookie: locale}}`, stranger, header("Cookie", "locale=secret; locale=secret"), nil, ErrInvalidValue, "context.l: the cookie locale occurs 2 times"},
		{`{l: {cookie: locale, required: true}}`, stranger, nil, nil, ErrUnauthenticated, "context.l: the cookie locale is missing"},
		{`{t: {request: trace_id, required: true}}`, stranger, nil, nil, ErrUnauthenticated, "context.t: the request's trace_id is missing"},
		{`{id: {claim: sub, type: integer}}`, stranger, nil, map[string]any{"sub": "secret"}, ErrUnauthenticated, "context.id: the claim sub is not of type integer"},
		{`{id: {claim: [sub, 1], required: true}}`, stranger, nil, map[string]any{"sub": "secret"}, ErrUnauthenticated, "context.id: the claim sub.1 is missing"},
		{`{id: {claim: sub, required: true}}`, stranger, nil, nil, ErrUnauthenticated, "context.id: the claim sub is missing"},
	} {
		var identity *Identity
		if c.claims != nil {
			identity = &Identity{Claims: c.claims}
		}
		_, _, err := compiled(t, c.section).Append(nil, from(c.peer, c.header), identity)
		if err == nil || err.Error() != c.text || !errors.Is(err, c.kind) {
			t.Errorf("%s: error is %v, want %v: %s", c.section, err, c.kind, c.text)
		}
	}
}

func typical(t testing.TB) (*Context, *Request, *Identity) {
	c := compiled(t, `{current_user_id: {claim: sub, type: integer, required: true}, tenant: {header: X-Tenant}, source: {value: gateway}}`)
	identity := &Identity{Claims: map[string]any{"sub": "123456", "iss": "https://id.example.com/"}}
	return c, from(proxy, header("X-Tenant", "acme")), identity
}

func TestTypicalContextDoesNotAllocate(t *testing.T) {
	c, r, identity := typical(t)
	buffer := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { c.Append(buffer, r, identity) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkContext(b *testing.B) {
	c, r, identity := typical(b)
	buffer := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := c.Append(buffer, r, identity); err != nil {
			b.Fatal(err)
		}
	}
}
