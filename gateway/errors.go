package gateway

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// maskedMessage takes the place of messages that are not for clients.
const maskedMessage = "The application failed to answer this."

// errorRules say how the errors of an answer are changed.
type errorRules struct {
	extensions bool // what the specification does not name is moved under extensions
	mask       bool // errors of resolvers without a code get another message
}

// apply returns an answer with its errors changed. masked, if not nil, is called
// with each error that is not shown. An answer that is not as Absinthe makes them
// is returned as it is.
func (rules errorRules) apply(answer etf.Term, masked func(etf.Term)) etf.Term {
	d := etf.NewDecoder(answer)
	members, ok := pairs(d)
	errors := find(members, "errors")
	if !ok || errors < 0 {
		return answer
	}
	list := etf.NewDecoder(members[errors].value)
	n, err := list.List()
	if err != nil || n == 0 {
		return answer
	}
	b := etf.AppendMap(make([]byte, 0, len(answer.Bytes)+256), len(members))
	for i, m := range members {
		b = append(b, m.key.Bytes...)
		if i != errors {
			b = append(b, m.value.Bytes...)
			continue
		}
		b = etf.AppendList(b, n)
		for range n {
			e, err := list.Term()
			if err != nil {
				return answer
			}
			b = rules.appendError(b, e, masked)
		}
		b = append(b, list.Rest().Bytes...) // the tail
	}
	return etf.Term{Bytes: b, Atoms: answer.Atoms}
}

// appendError appends an error, changed.
func (rules errorRules) appendError(b []byte, e etf.Term, masked func(etf.Term)) []byte {
	members, ok := pairs(etf.NewDecoder(e))
	if !ok || find(members, "message") < 0 {
		return append(b, e.Bytes...)
	}
	var named, others, extensions []pair
	for _, m := range members {
		switch m.name {
		case "message", "locations", "path":
			named = append(named, m)
		case "extensions":
			if inner, ok := pairs(etf.NewDecoder(m.value)); ok {
				extensions = inner
			} else {
				others = append(others, m)
			}
		default:
			others = append(others, m)
		}
	}
	switch {
	case rules.mask && find(named, "path") >= 0 && !hasCode(others) && !hasCode(extensions):
		masked(e)
		named[find(named, "message")].value.Bytes = etf.AppendBinary(nil, maskedMessage)
		extensions = []pair{{key: etf.Term{Bytes: etf.AppendAtom(nil, "code")}, value: etf.Term{Bytes: etf.AppendBinary(nil, "INTERNAL")}}}
	case rules.extensions && len(others) > 0:
		taken := make(map[string]bool, len(extensions))
		for _, m := range extensions {
			taken[m.name] = true
		}
		for _, m := range others {
			if !taken[m.name] {
				taken[m.name] = true
				extensions = append(extensions, m)
			}
		}
	default:
		return append(b, e.Bytes...)
	}
	b = etf.AppendMap(b, len(named)+1)
	b = appendPairs(b, named)
	b = etf.AppendAtom(b, "extensions")
	return appendPairs(etf.AppendMap(b, len(extensions)), extensions)
}

// hasCode says whether there is a code that tells what an error is.
func hasCode(members []pair) bool {
	i := find(members, "code")
	return i >= 0 && members[i].value.String() != "nil"
}

// pair is a member of a map.
type pair struct {
	name       string // what key is, if that is an atom or a binary, in Elixir's notation if not
	key, value etf.Term
}

// pairs returns the members of a map that is no struct.
func pairs(d etf.Decoder) (members []pair, ok bool) {
	n, err := d.Map()
	if err != nil {
		return nil, false
	}
	for range n {
		var m pair
		if m.key, err = d.Term(); err != nil {
			return nil, false
		}
		if m.value, err = d.Term(); err != nil {
			return nil, false
		}
		m.name = name(m.key)
		if m.name == "__struct__" {
			return nil, false
		}
		members = append(members, m)
	}
	return members, true
}

func name(key etf.Term) string {
	d := etf.NewDecoder(key)
	if text, err := d.Atom(); err == nil {
		return text
	}
	if text, err := d.Binary(); err == nil {
		return string(text)
	}
	return key.String()
}

// find returns where the first member of a name is, or -1.
func find(members []pair, name string) int {
	for i, m := range members {
		if m.name == name {
			return i
		}
	}
	return -1
}

func appendPairs(b []byte, members []pair) []byte {
	for _, m := range members {
		b = append(append(b, m.key.Bytes...), m.value.Bytes...)
	}
	return b
}

// Of the errors of an answer that are masked, so many are logged, and so many bytes
// of each.
const (
	loggedErrors = 10
	loggedBytes  = 1 << 10
)

// present changes the errors of an answer as the application's section says, and
// logs what clients do not get to see.
func (h *graphQL) present(x *exchange, answer etf.Term, r *http.Request, from *caller) (etf.Term, error) {
	rules := errorRules{h.app.Config.ErrorExtensions, h.app.Config.MaskErrors}
	if rules == (errorRules{}) || !hasMember(answer, "errors") {
		return answer, nil
	}
	if !x.account.Reserve(2 * len(answer.Bytes)) {
		return answer, errNoMemory
	}
	logged := 0
	return rules.apply(answer, func(e etf.Term) {
		if logged++; logged > loggedErrors {
			return
		}
		text, err := e.AppendJSONWithin(r.Context(), nil, 16*loggedBytes)
		if err != nil {
			text = []byte(e.String())
		}
		text = text[:min(len(text), loggedBytes)]
		h.gateway.log.LogAttrs(r.Context(), slog.LevelWarn, "error masked",
			slog.String("request_id", from.request.ID),
			slog.String("path", h.app.Config.Path),
			slog.String("error", strings.ToValidUTF8(string(text), "")))
	}), nil
}
