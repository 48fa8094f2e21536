package strictjson

import (
	"bytes"
	"encoding/json"
	"iter"
)

// Object returns the members of an object, by name, nil if the text is not an object.
// [Check] has accepted the text; the result refers to it.
func Object(text []byte) map[string]json.RawMessage {
	if First(text) != '{' {
		return nil
	}
	members := make(map[string]json.RawMessage, 4)
	for name, value := range Members(text) {
		if _, repeated := members[name]; !repeated {
			members[name] = value
		}
	}
	return members
}

// Members returns the members of an object in their order, repeated ones too. [Check]
// has accepted the text, which is an object.
func Members(object []byte) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		for i := begin(object); object[i] != '}'; {
			end := valueEnd(object, i)
			name := unquote(object[i:end])
			i = space(object, space(object, end)+len(":"))
			end = valueEnd(object, i)
			if !yield(name, json.RawMessage(object[i:end:end])) {
				return
			}
			i = next(object, end)
		}
	}
}

// Elements returns the elements of an array. [Check] has accepted the text, which is an
// array.
func Elements(array []byte) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		for i := begin(array); array[i] != ']'; {
			end := valueEnd(array, i)
			if !yield(json.RawMessage(array[i:end:end])) {
				return
			}
			i = next(array, end)
		}
	}
}

// First returns the byte that tells what a JSON value is, 0 where there is none.
func First(text []byte) byte {
	if i := space(text, 0); i < len(text) {
		return text[i]
	}
	return 0
}

// begin returns where the first element of an object or an array begins, or its end
// stands.
func begin(text []byte) int { return space(text, space(text, 0)+1) }

// next returns where the element after one that ends at i begins, or the end stands.
func next(text []byte, i int) int {
	if i = space(text, i); text[i] == ',' {
		i = space(text, i+1)
	}
	return i
}

func space(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') {
		i++
	}
	return i
}

// valueEnd returns the end of the value that begins at i.
func valueEnd(text []byte, i int) int {
	switch text[i] {
	case '"':
		return stringEnd(text, i)
	case '{', '[':
		return nestedEnd(text, i)
	}
	for i < len(text) && bytes.IndexByte([]byte(",]} \t\r\n"), text[i]) < 0 {
		i++
	}
	return i
}

func stringEnd(text []byte, i int) int {
	for i++; text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

func nestedEnd(text []byte, i int) int {
	for depth := 0; ; i++ {
		switch text[i] {
		case '"':
			i = stringEnd(text, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
}

func unquote(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var name string
	if err := json.Unmarshal(quoted, &name); err != nil {
		panic("strictjson: " + err.Error()) // the text was not checked
	}
	return name
}
