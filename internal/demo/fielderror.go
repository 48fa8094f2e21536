package demo

// A fieldError is what a resolver of an Elixir application returns as
// {:error, message: message, code: code}: it stands beside the data.
type fieldError struct {
	message string
	code    string // an atom
}

func (e *fieldError) Error() string { return e.message }

var (
	errUnauthenticated = &fieldError{"unauthenticated", "unauthenticated"}
	errForbidden       = &fieldError{"forbidden", "forbidden"}
)
