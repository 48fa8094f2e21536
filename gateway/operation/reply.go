package operation

// A Field is a field of the header of a response.
type Field struct{ Name, Value string }

// A Reply is a response of the application itself, instead of a result.
type Reply struct {
	Status int // of HTTP, from 200 to 599
	Header []Field
	Body   []byte
}
