package transport

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/louche-graphql/louche/internal/keypath"
)

// Config is the part of an application's section that concerns HTTP.
type Config struct {
	// Forms takes application/x-www-form-urlencoded bodies. A page of any origin can make
	// a browser send them, with its cookies and without a preflight.
	Forms bool `yaml:"forms" env:"FORMS"`
	// CSRFPrevention refuses requests that a page of another origin may have made a
	// browser send as its user. On unless set where browsers attach credentials by
	// themselves, or with Forms or Uploads.
	CSRFPrevention *bool      `yaml:"csrf_prevention" env:"CSRF_PREVENTION"`
	CORS           CORSConfig `yaml:"cors" envPrefix:"CORS_"`
	// Compress lists the codings of answers, zstd, br and gzip, the preferred one first
	// where a client accepts several equally. All unless set. An empty list: none.
	Compress []string `yaml:"compress" env:"COMPRESS"`
	// BatchFormat is the form of a batch's answer: "apollo", which is the default, or
	// "absinthe".
	BatchFormat string `yaml:"batch_format" env:"BATCH_FORMAT"`
	// Response bounds what nodes may add to responses. Nothing unless set.
	Response ResponseConfig `yaml:"response" envPrefix:"RESPONSE_"`
	// Uploads takes multipart/form-data bodies with files. Off unless set.
	Uploads UploadConfig `yaml:"uploads" envPrefix:"UPLOADS_"`
}

// The forms of a batch's answer. In Apollo's the answers stand side by side. In that of
// Absinthe.Plug each is the "payload" of an object, beside what its operation had besides
// a query and variables: an "id" as a rule.
const (
	formatApollo   = "apollo"
	formatAbsinthe = "absinthe"
)

// SetDefaults fills what was left out.
func (c *Config) SetDefaults() {
	if c.Compress == nil {
		c.Compress = codings
	}
	c.Uploads.setDefaults()
	c.BatchFormat = cmp.Or(c.BatchFormat, formatApollo)
}

// Validate reports everything that is wrong with the section, by key. cookies reports whether auth, context or
// plugs read any.
func (c *Config) Validate(cookies bool) error {
	errs := []error{
		keypath.OneOf("batch_format", c.BatchFormat, formatApollo, formatAbsinthe),
		keypath.In(c.CORS.validate(cookies), "cors"),
		keypath.In(c.Response.validate(), "response"),
		keypath.In(c.Uploads.validate(), "uploads"),
	}
	if slices.ContainsFunc(c.Compress, func(name string) bool { return name != identityCoding && !slices.Contains(codings, name) }) {
		errs = append(errs, keypath.Errorf("compress", "is not a list of zstd, br and gzip"))
	}
	if cookies && c.CSRFPrevention != nil && !*c.CSRFPrevention {
		errs = append(errs, keypath.Errorf("csrf_prevention", "cannot be off where cookies are read: every page could send requests as its user"))
	}
	return errors.Join(errs...)
}

// Limits bound what one handler takes.
type Limits struct {
	Body   int64 // of a request, in bytes
	Batch  int   // operations of a request
	Answer int   // of a batch, in bytes
	// Read bounds the time for a message of a WebSocket, and the pauses of a client that sends
	// files. Bodies have it from Admission.
	Read time.Duration
}
