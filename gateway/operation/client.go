package operation

// A Client is the software that sends requests, as it names itself. Either part may be
// empty.
type Client struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// MaxName bounds the names of clients and operations in the log and in reports, in bytes.
const MaxName = 128

// ShortName returns a name of at most [MaxName] bytes.
func ShortName(name string) string { return name[:min(len(name), MaxName)] }
