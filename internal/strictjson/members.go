package strictjson

import (
	"bytes"
	"encoding/json"
	"iter"
	"strconv"
)

// Object returns the members of an object by name; nil if the text is not an object.
// [Check] has to accept the text first. The result refers to the text.
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

// Members returns all members of an object in their order, including repeated ones. [Check]
// has to accept the text first.
func Members(object []byte) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		for i := firstElement(object); object[i] != '}'; {
			end := valueEnd(object, i)
			name := unquote(object[i:end])
			i = skipSpace(object, skipSpace(object, end)+len(":"))
			end = valueEnd(object, i)
			if !yield(name, json.RawMessage(object[i:end:end])) {
				return
			}
			i = nextElement(object, end)
		}
	}
}

// Elements returns the elements of an array. [Check] has to accept the text first.
func Elements(array []byte) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		for i := firstElement(array); array[i] != ']'; {
			end := valueEnd(array, i)
			if !yield(json.RawMessage(array[i:end:end])) {
				return
			}
			i = nextElement(array, end)
		}
	}
}

// First returns the first byte of a JSON value, which shows its type; 0: the text is empty.
func First(text []byte) byte {
	if i := skipSpace(text, 0); i < len(text) {
		return text[i]
	}
	return 0
}

// String returns the text of a string; ok is false if the value is none. [Check] has to
// accept the value first.
func String(value []byte) (text string, ok bool) {
	if len(value) == 0 || value[0] != '"' {
		return "", false
	}
	return unquote(value), true
}

// firstElement returns the position of the first element of an object or array, or of its
// closing bracket.
func firstElement(text []byte) int { return skipSpace(text, skipSpace(text, 0)+1) }

// nextElement returns the position of the element after one that ends at i, or of the closing
// bracket.
func nextElement(text []byte, i int) int {
	if i = skipSpace(text, i); text[i] == ',' {
		i = skipSpace(text, i+1)
	}
	return i
}

func skipSpace(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') {
		i++
	}
	return i
}

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
	var text string
	if err := json.Unmarshal(quoted, &text); err != nil {
		panic("strictjson: " + err.Error()) // Check has not accepted the text
	}
	return text
}

// Find returns where the value at a path of names and indices is. [Check] has to accept the
// text first.
func Find(text []byte, path []string) (start, end int, found bool) {
	start = skipSpace(text, 0)
	if start == len(text) {
		return 0, 0, false
	}
	for _, step := range path {
		switch text[start] {
		case '{':
			start, found = findMember(text, start, step)
		case '[':
			start, found = findElement(text, start, step)
		default:
			found = false
		}
		if !found {
			return 0, 0, false
		}
	}
	return start, valueEnd(text, start), true
}

// findMember returns the position of the first member with a name in the object at i.
func findMember(text []byte, i int, name string) (int, bool) {
	for i = skipSpace(text, i+1); text[i] != '}'; {
		end := valueEnd(text, i)
		value := skipSpace(text, skipSpace(text, end)+len(":"))
		if unquote(text[i:end]) == name {
			return value, true
		}
		i = nextElement(text, valueEnd(text, value))
	}
	return 0, false
}

// findElement returns the position of the element with an index in the array at i.
func findElement(text []byte, i int, index string) (int, bool) {
	n, err := strconv.Atoi(index)
	if err != nil || n < 0 {
		return 0, false
	}
	for i = skipSpace(text, i+1); text[i] != ']'; n-- {
		if n == 0 {
			return i, true
		}
		i = nextElement(text, valueEnd(text, i))
	}
	return 0, false
}
