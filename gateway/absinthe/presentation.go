package absinthe

import (
	"context"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// maskedMessage replaces messages that clients must not see.
const maskedMessage = "The application failed to answer this."

// presentErrors returns a result with its errors changed. It calls masked with the JSON of
// each error that it masks. A result of another form than Absinthe's stays as it is.
func presentErrors(answer etf.Term, rules engine.ErrorRules, masked func(text string)) etf.Term {
	members, ok := membersOf(answer)
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
			b = appendError(b, e, rules, masked)
		}
		b = append(b, list.Rest().Bytes...) // the tail
	}
	return etf.Term{Bytes: b, Atoms: answer.Atoms}
}

func appendError(b []byte, e etf.Term, rules engine.ErrorRules, masked func(text string)) []byte {
	members, ok := membersOf(e)
	if !ok || find(members, "message") < 0 {
		return append(b, e.Bytes...)
	}
	var named, others, extensions []member
	for _, m := range members {
		switch m.name {
		case "message", "locations", "path":
			named = append(named, m)
		case "extensions":
			if inner, ok := membersOf(m.value); ok {
				extensions = inner
			} else {
				others = append(others, m)
			}
		default:
			others = append(others, m)
		}
	}
	switch {
	case rules.Mask && find(named, "path") >= 0 && !hasCode(others) && !hasCode(extensions):
		masked(loggedText(e))
		named[find(named, "message")].value.Bytes = etf.AppendBinary(nil, maskedMessage)
		extensions = []member{{key: etf.Term{Bytes: etf.AppendAtom(nil, "code")}, value: etf.Term{Bytes: etf.AppendBinary(nil, "INTERNAL")}}}
	case rules.Extensions && len(others) > 0:
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
	b = appendMembers(b, named)
	b = etf.AppendAtom(b, "extensions")
	return appendMembers(etf.AppendMap(b, len(extensions)), extensions)
}

func hasCode(members []member) bool {
	i := find(members, "code")
	return i >= 0 && members[i].value.String() != "nil"
}

// A member is a member of a map.
type member struct {
	name       string // the key, if it is an atom or a binary; else its Elixir notation
	key, value etf.Term
}

// membersOf returns the members of a map that is no struct.
func membersOf(term etf.Term) (members []member, ok bool) {
	d := etf.NewDecoder(term)
	n, err := d.Map()
	if err != nil {
		return nil, false
	}
	for range n {
		key, keyErr := d.Term()
		value, valueErr := d.Term()
		name := nameOf(key)
		if keyErr != nil || valueErr != nil || name == "__struct__" {
			return nil, false
		}
		members = append(members, member{name, key, value})
	}
	return members, true
}

func nameOf(key etf.Term) string {
	d := etf.NewDecoder(key)
	if text, err := d.Atom(); err == nil {
		return text
	}
	if text, err := d.Binary(); err == nil {
		return string(text)
	}
	return key.String()
}

func find(members []member, name string) int {
	for i, m := range members {
		if m.name == name {
			return i
		}
	}
	return -1
}

func appendMembers(b []byte, members []member) []byte {
	for _, m := range members {
		b = append(append(b, m.key.Bytes...), m.value.Bytes...)
	}
	return b
}

// maxLoggedBytes bounds the JSON of a masked error, in bytes.
const maxLoggedBytes = 16 << 10

func loggedText(e etf.Term) string {
	text, err := e.AppendJSONWithin(context.Background(), nil, maxLoggedBytes)
	if err != nil {
		return e.String()
	}
	return string(text)
}
