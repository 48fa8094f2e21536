package demo

// A fieldError is the error that an Elixir resolver returns as
// {:error, message: message, code: code}.
type fieldError struct {
	message string
	code    string // an atom
}

func (e *fieldError) Error() string { return e.message }

var (
	errUnauthenticated = &fieldError{"unauthenticated", "unauthenticated"}
	errForbidden       = &fieldError{"forbidden", "forbidden"}
)
