package gateway

import (
	"cmp"
	"errors"
	"path"
	"strings"
	"time"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/transport"
	"github.com/louche-graphql/louche/internal/keypath"
)

// Limits is the section limits: bounds on requests and answers.
type Limits struct {
	// Body is the largest request body, in bytes. 1 MiB unless set.
	Body int64 `yaml:"body" env:"BODY"`
	// Header is the largest request header, in bytes. 64 KiB unless set.
	Header int `yaml:"header" env:"HEADER"`
	// Answer is the largest answer of a node, in bytes, as a term and as JSON. 64 MiB
	// unless set.
	Answer int `yaml:"answer" env:"ANSWER"`
	// InFlight is the most operations under way in the whole gateway. 10,000
	// unless set.
	InFlight int64 `yaml:"in_flight" env:"IN_FLIGHT"`
	// Subscriptions is the most subscriptions in the whole gateway. 10,000 unless set.
	Subscriptions int64 `yaml:"subscriptions" env:"SUBSCRIPTIONS"`
	// Batch is the most operations in one request. 10 unless set.
	Batch int `yaml:"batch" env:"BATCH"`
	// Memory is the memory of all requests and answers, in bytes. 256 MiB unless set, or
	// what one request and answer of the greatest sizes need if that is more.
	Memory int64 `yaml:"memory" env:"MEMORY"`
	// Connections is the most open connections of clients. Past it, the connection that
	// has been idle for longest makes room. 10,000 unless set.
	Connections int `yaml:"connections" env:"CONNECTIONS"`
	// ConnectionsPerAddress is the most of them from one address, trusted proxies
	// excepted. Half of Connections unless set.
	ConnectionsPerAddress int `yaml:"connections_per_address" env:"CONNECTIONS_PER_ADDRESS"`
	// PersistedBytes bounds the documents that clients can store to call them by their
	// hash, in bytes. 16 MiB unless set.
	PersistedBytes int `yaml:"persisted_bytes" env:"PERSISTED_BYTES"`
	// ReadTimeout bounds the time in which a client sends a request. 30s unless set.
	ReadTimeout time.Duration `yaml:"read_timeout" env:"READ_TIMEOUT"`
	// WriteTimeout bounds the time in which a client accepts each 64 KiB of an answer. 30s
	// unless set.
	WriteTimeout time.Duration `yaml:"write_timeout" env:"WRITE_TIMEOUT"`
	// IdleTimeout is how long an idle connection stays open. 2m unless set.
	IdleTimeout time.Duration `yaml:"idle_timeout" env:"IDLE_TIMEOUT"`
}

// SetDefaults fills what was left out.
func (l *Limits) SetDefaults() {
	l.Body = cmp.Or(l.Body, 1<<20)
	l.Header = cmp.Or(l.Header, 64<<10)
	l.Answer = cmp.Or(l.Answer, 64<<20)
	l.InFlight = cmp.Or(l.InFlight, 10_000)
	l.Subscriptions = cmp.Or(l.Subscriptions, 10_000)
	l.Batch = cmp.Or(l.Batch, 10)
	l.Memory = cmp.Or(l.Memory, max(256<<20, l.minMemory()))
	l.Connections = cmp.Or(l.Connections, 10_000)
	l.ConnectionsPerAddress = cmp.Or(l.ConnectionsPerAddress, max(1, l.Connections/2))
	l.PersistedBytes = cmp.Or(l.PersistedBytes, 16<<20)
	l.ReadTimeout = cmp.Or(l.ReadTimeout, 30*time.Second)
	l.WriteTimeout = cmp.Or(l.WriteTimeout, 30*time.Second)
	l.IdleTimeout = cmp.Or(l.IdleTimeout, 2*time.Minute)
}

// Validate reports everything that is wrong with the section, by key.
func (l *Limits) Validate() error {
	errs := []error{
		keypath.NotNegative("body", l.Body, "a number of bytes, such as 1048576"),
		keypath.NotNegative("header", l.Header, "a number of bytes, such as 1048576"),
		keypath.NotNegative("answer", l.Answer, "a number of bytes, such as 67108864"),
		keypath.NotNegative("in_flight", l.InFlight, "a number, such as 10000"),
		keypath.NotNegative("subscriptions", l.Subscriptions, "a number, such as 10000"),
		keypath.NotNegative("connections", l.Connections, "a number, such as 10000"),
		keypath.NotNegative("connections_per_address", l.ConnectionsPerAddress, "a number, such as 10000"),
		keypath.NotNegative("persisted_bytes", l.PersistedBytes, "a number of bytes, such as 16777216"),
		keypath.NotNegative("batch", l.Batch, "a number of operations, such as 10"),
		keypath.NotNegative("read_timeout", l.ReadTimeout, "a time, such as 30s"),
		keypath.NotNegative("write_timeout", l.WriteTimeout, "a time, such as 30s"),
		keypath.NotNegative("idle_timeout", l.IdleTimeout, "a time, such as 30s"),
	}
	if minimum := l.minMemory(); l.Memory < minimum {
		errs = append(errs, keypath.Errorf("memory", "%d is less than the %d bytes that one request of limits.body and its answer of limits.answer need: raise it, or lower these", l.Memory, minimum))
	}
	return keypath.In(errors.Join(errs...), "limits")
}

// AppConfig is the part of an application's section that concerns the gateway.
type AppConfig struct {
	// Path is where clients send their requests. /graphql unless set.
	Path string `yaml:"path" env:"PATH"`
	// PhoenixSocket is the path where clients of Phoenix channels open their socket. None
	// unless set.
	PhoenixSocket string `yaml:"phoenix_socket" env:"PHOENIX_SOCKET"`
	// GraphiQL is "on" where browsers that open the path get GraphiQL, or "off". In a
	// whole configuration, it is on unless set where only this machine reaches the listener.
	GraphiQL   string `yaml:"graphiql" env:"GRAPHIQL"`
	Operations `yaml:",inline"`
	HTTP       `yaml:",inline"`
}

// Operations is the configuration of the engine.
type Operations = engine.Config

// HTTP is the configuration of the transport.
type HTTP = transport.Config

// Values of [AppConfig.GraphiQL].
const (
	GraphiQLOn  = "on"
	GraphiQLOff = "off"
)

// SetDefaults fills what was left out.
func (c *AppConfig) SetDefaults() {
	c.Path = cmp.Or(c.Path, "/graphql")
	c.GraphiQL = cmp.Or(c.GraphiQL, GraphiQLOff)
	c.Operations.SetDefaults()
	c.HTTP.SetDefaults()
}

// Validate reports everything that is wrong with the section, by key. cookies reports whether
// auth, context or plugs read any.
func (c *AppConfig) Validate(cookies bool) error {
	return errors.Join(c.validatePath(), c.validatePhoenixSocket(), keypath.OneOf("graphiql", c.GraphiQL, GraphiQLOn, GraphiQLOff), c.Operations.Validate(), c.HTTP.Validate(cookies))
}

func (c *AppConfig) validatePath() error {
	switch {
	case !isPath(c.Path):
		return keypath.Errorf("path", "is not a path such as /graphql")
	case strings.HasSuffix(c.Path, sdlFile):
		return keypath.Errorf("path", "ends in %s, where schemas are read", sdlFile)
	case c.Path == healthPath || c.Path == readyPath:
		return keypath.Errorf("path", "%s is the gateway's own", c.Path)
	}
	return nil
}

func (c *AppConfig) validatePhoenixSocket() error {
	if p := c.PhoenixSocket; p != "" && (!isPath(p) || strings.HasSuffix(p, "/")) {
		return keypath.Errorf("phoenix_socket", "is not a path such as /socket, to which the client adds %s", phoenixTransport)
	}
	return nil
}

func isPath(p string) bool {
	return strings.HasPrefix(p, "/") && !strings.ContainsAny(p, "{}* ?#") && isClean(p)
}

// isClean reports whether a path has neither dots nor empty parts: clients resolve dots
// before they send a path.
func isClean(p string) bool {
	clean := path.Clean(p)
	return p == clean || p == clean+"/"
}
