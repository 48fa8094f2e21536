package gateway

import (
	"errors"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/louche-graphql/louche/internal/keypath"
)

// Limits are what the gateway takes from clients and nodes.
type Limits struct {
	// Body is the largest request body, in bytes. 1 MiB unless set.
	Body int64 `yaml:"body" env:"BODY"`
	// Header is the largest request header, in bytes. 64 KiB unless set.
	Header int `yaml:"header" env:"HEADER"`
	// Answer is the largest answer of a node, in bytes, as it comes and as JSON.
	// 64 MiB unless set.
	Answer int `yaml:"answer" env:"ANSWER"`
	// InFlight is the most operations under way in the whole gateway. 10,000
	// unless set.
	InFlight int64 `yaml:"in_flight" env:"IN_FLIGHT"`
	// Batch is the most operations in one request. 10 unless set.
	Batch int `yaml:"batch" env:"BATCH"`
	// Memory is how many bytes requests and answers may hold together. 256 MiB unless
	// set, or what one request and answer of the greatest sizes need if that is more.
	Memory int64 `yaml:"memory" env:"MEMORY"`
	// Connections is the most open connections of clients. For another one the
	// connection is closed that has been without a request for longest. 10,000 unless
	// set.
	Connections int `yaml:"connections" env:"CONNECTIONS"`
	// ConnectionsPerAddress is the most of them from one address, trusted proxies
	// excepted. Half of Connections unless set.
	ConnectionsPerAddress int `yaml:"connections_per_address" env:"CONNECTIONS_PER_ADDRESS"`
	// PersistedQueries is the most documents that clients can store to call them by
	// their hash, and PersistedBytes how large they may be together. 10,000 and
	// 16 MiB unless set.
	PersistedQueries int `yaml:"persisted_queries" env:"PERSISTED_QUERIES"`
	PersistedBytes   int `yaml:"persisted_bytes" env:"PERSISTED_BYTES"`
	// ReadTimeout is how long a client may take to send a request. 30s unless
	// set.
	ReadTimeout time.Duration `yaml:"read_timeout" env:"READ_TIMEOUT"`
	// WriteTimeout is how long a client may take to accept each 64 KiB of an
	// answer. 30s unless set.
	WriteTimeout time.Duration `yaml:"write_timeout" env:"WRITE_TIMEOUT"`
	// IdleTimeout is how long a connection without a request is kept. 2m unless
	// set.
	IdleTimeout time.Duration `yaml:"idle_timeout" env:"IDLE_TIMEOUT"`
}

// SetDefaults fills what was left out.
func (l *Limits) SetDefaults() {
	if l.Body == 0 {
		l.Body = 1 << 20
	}
	if l.Header == 0 {
		l.Header = 64 << 10
	}
	if l.Answer == 0 {
		l.Answer = 64 << 20
	}
	if l.InFlight == 0 {
		l.InFlight = 10_000
	}
	if l.Batch == 0 {
		l.Batch = 10
	}
	if l.Memory == 0 {
		l.Memory = max(256<<20, l.leastMemory())
	}
	if l.Connections == 0 {
		l.Connections = 10_000
	}
	if l.ConnectionsPerAddress == 0 {
		l.ConnectionsPerAddress = max(1, l.Connections/2)
	}
	if l.PersistedQueries == 0 {
		l.PersistedQueries = 10_000
	}
	if l.PersistedBytes == 0 {
		l.PersistedBytes = 16 << 20
	}
	if l.ReadTimeout == 0 {
		l.ReadTimeout = 30 * time.Second
	}
	if l.WriteTimeout == 0 {
		l.WriteTimeout = 30 * time.Second
	}
	if l.IdleTimeout == 0 {
		l.IdleTimeout = 2 * time.Minute
	}
}

// Validate reports everything that is wrong with the section, by key.
func (l *Limits) Validate() error {
	var errs []error
	for _, limit := range []struct {
		key  string
		isOK bool
		want string
	}{
		{"body", l.Body >= 0, "a number of bytes, such as 1048576"},
		{"header", l.Header >= 0, "a number of bytes, such as 1048576"},
		{"answer", l.Answer >= 0, "a number of bytes, such as 67108864"},
		{"in_flight", l.InFlight >= 0, "a number, such as 10000"},
		{"connections", l.Connections >= 0, "a number, such as 10000"},
		{"connections_per_address", l.ConnectionsPerAddress >= 0, "a number, such as 10000"},
		{"persisted_queries", l.PersistedQueries >= 0, "a number, such as 10000"},
		{"persisted_bytes", l.PersistedBytes >= 0, "a number of bytes, such as 16777216"},
		{"batch", l.Batch >= 0, "a number of operations, such as 10"},
		{"read_timeout", l.ReadTimeout >= 0, "a time, such as 30s"},
		{"write_timeout", l.WriteTimeout >= 0, "a time, such as 30s"},
		{"idle_timeout", l.IdleTimeout >= 0, "a time, such as 30s"},
	} {
		if !limit.isOK {
			errs = append(errs, keypath.Errorf(limit.key, "is negative; write %s", limit.want))
		}
	}
	if least := l.leastMemory(); l.Memory < least {
		errs = append(errs, keypath.Errorf("memory", "%d is less than the %d bytes that one request of limits.body and its answer of limits.answer need: raise it, or lower these", l.Memory, least))
	}
	return keypath.In(errors.Join(errs...), "limits")
}

// AppConfig is what an application's section says about HTTP.
type AppConfig struct {
	// Path is where clients send their requests. /graphql unless set.
	Path string `yaml:"path" env:"PATH"`
	// Timeout bounds one operation, from the request read to the answer. 30s
	// unless set.
	Timeout time.Duration `yaml:"timeout" env:"TIMEOUT"`
	// TimeoutHeader is a request header by which clients may shorten it.
	// X-Request-Timeout unless set.
	TimeoutHeader string `yaml:"timeout_header" env:"TIMEOUT_HEADER"`
	// ExposeErrors lets clients see why an operation failed on the node:
	// exceptions with their stack traces. For development.
	ExposeErrors bool `yaml:"expose_errors" env:"EXPOSE_ERRORS"`
	// ErrorExtensions moves what errors have beside message, locations and path
	// under extensions, as the specification wants it.
	ErrorExtensions bool `yaml:"error_extensions" env:"ERROR_EXTENSIONS"`
	// MaskErrors keeps what resolvers return as errors from clients, unless it has
	// a code, and logs it instead.
	MaskErrors bool `yaml:"mask_errors" env:"MASK_ERRORS"`
	// DocumentLimits refuse documents before a node is asked.
	DocumentLimits DocumentLimits `yaml:"document_limits" envPrefix:"DOCUMENT_LIMITS_"`
	// Forms takes application/x-www-form-urlencoded bodies. A page of any origin
	// can make a browser send them, with its cookies and without asking first.
	Forms bool `yaml:"forms" env:"FORMS"`
	// CSRFPrevention refuses what a page of another origin may have made a browser
	// send as its user. On unless set where browsers send by themselves what says
	// who is asking, or Forms are taken.
	CSRFPrevention *bool      `yaml:"csrf_prevention" env:"CSRF_PREVENTION"`
	CORS           CORSConfig `yaml:"cors" envPrefix:"CORS_"`
	// Compress is how answers may be compressed, in the order in which codings are
	// preferred that a client likes equally: zstd, br and gzip, all unless set. An
	// empty list: not at all.
	Compress []string `yaml:"compress" env:"COMPRESS"`
	// CompressFrom is the least size of an answer that is compressed, in bytes.
	// 2048 unless set.
	CompressFrom int `yaml:"compress_from" env:"COMPRESS_FROM"`
	// BatchFormat is how the answers of a batch look: "apollo", which is the
	// default, or "absinthe".
	BatchFormat string `yaml:"batch_format" env:"BATCH_FORMAT"`
	// PersistedQueries is "automatic", which is the default, or "off".
	PersistedQueries string        `yaml:"persisted_queries" env:"PERSISTED_QUERIES"`
	Trusted          TrustedConfig `yaml:"trusted_documents" envPrefix:"TRUSTED_DOCUMENTS_"`
}

// The formats of a batch's answers. In Apollo's they stand side by side. In that of
// Absinthe.Plug each is the "payload" of an object, beside what its operation had
// besides a query and variables: an "id" as a rule.
const (
	formatApollo   = "apollo"
	formatAbsinthe = "absinthe"
)

// SetDefaults fills what was left out.
func (c *AppConfig) SetDefaults() {
	if c.Path == "" {
		c.Path = "/graphql"
	}
	if c.TimeoutHeader == "" {
		c.TimeoutHeader = "X-Request-Timeout"
	}
	c.TimeoutHeader = http.CanonicalHeaderKey(c.TimeoutHeader)
	if c.Compress == nil {
		c.Compress = codings
	}
	if c.CompressFrom == 0 {
		c.CompressFrom = 2048
	}
	c.Trusted.setDefaults()
	if c.PersistedQueries == "" {
		c.PersistedQueries = persistedAutomatic
	}
	if c.BatchFormat == "" {
		c.BatchFormat = formatApollo
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
}

// Validate says what is wrong, naming the key. cookies says whether auth or context
// read any.
func (c *AppConfig) Validate(cookies bool) error {
	var errs []error
	wrong := func(is bool, key, format string, args ...any) {
		if is {
			errs = append(errs, keypath.Errorf(key, format, args...))
		}
	}
	wrong(!strings.HasPrefix(c.Path, "/") || strings.ContainsAny(c.Path, "{}* ?#") || !isClean(c.Path), "path", "is not a path such as /graphql")
	wrong(strings.HasSuffix(c.Path, sdlFile), "path", "ends in %s, where schemas are read", sdlFile)
	wrong(c.Path == healthPath || c.Path == readyPath, "path", "%s is the gateway's own", c.Path)
	wrong(slices.ContainsFunc(c.Compress, func(name string) bool { return name != identity && !slices.Contains(codings, name) }),
		"compress", "is not a list of zstd, br and gzip")
	wrong(!httpguts.ValidHeaderFieldName(c.TimeoutHeader), "timeout_header", "is not a header's name")
	wrong(c.CompressFrom < 0, "compress_from", "is a number of bytes, such as 2048")
	wrong(c.PersistedQueries != persistedAutomatic && c.PersistedQueries != persistedOff,
		"persisted_queries", "is not %s or %s", persistedAutomatic, persistedOff)
	wrong(c.BatchFormat != formatApollo && c.BatchFormat != formatAbsinthe,
		"batch_format", "is not %s or %s", formatApollo, formatAbsinthe)
	wrong(c.Timeout < 0, "timeout", "is a time, such as 30s")
	wrong(cookies && c.CSRFPrevention != nil && !*c.CSRFPrevention,
		"csrf_prevention", "cannot be off where cookies are read: every page could ask as its user")
	return errors.Join(append(errs,
		keypath.In(c.CORS.validate(cookies), "cors"),
		keypath.In(c.DocumentLimits.Validate(), "document_limits"),
		keypath.In(c.Trusted.validate(), "trusted_documents"))...)
}

// isClean says whether a path has neither dots nor empty parts: clients resolve dots
// before they send a path.
func isClean(p string) bool {
	clean := path.Clean(p)
	return p == clean || p == clean+"/"
}
