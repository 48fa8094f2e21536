package contract

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"sync/atomic"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/cache"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/schema"
)

// A validationCache keeps the results of validations of documents.
type validationCache struct {
	results *cache.Cache[validationKey, []schema.Error]
}

type validationKey struct {
	document [sha256.Size]byte
	schema   string // its hash
}

// Bounds on the cache. A result takes some 100 bytes, and a few KiB if the document does
// not fit.
const (
	maxValidations     = 8192
	maxValidationBytes = 8 << 20
	validationSize     = 160 // of a result without errors, approximately
)

func newValidationCache() *validationCache {
	return &validationCache{cache.New[validationKey, []schema.Error](maxValidations, maxValidationBytes)}
}

// validate returns why a document does not fit a schema; nil: it does.
func (v *validationCache) validate(document *schema.Document, s *schema.Schema) []schema.Error {
	key := validationKey{document.Hash, s.Hash()}
	errs, known := v.results.Get(key)
	if !known {
		errs = s.Validate(document.Text)
		size := validationSize
		for _, err := range errs {
			size += validationSize + len(err.Message) + len(err.File) + 16*len(err.Locations)
		}
		v.results.Add(key, errs, size)
	}
	return errs
}

// A NodeFilter selects nodes by their schemas.
type NodeFilter = rpcclient.NodeFilter

// A Validation says whether an operation fits the schemas of the nodes.
type Validation struct {
	// Filter selects the nodes that may run the operation; nil: all.
	Filter NodeFilter

	contract  *Contract // nil: nothing is validated or counted
	document  *schema.Document
	operation *schema.Operation
	schema    *schema.Schema // that of most nodes
	problems  []schema.Error
}

// Validate compares an operation with the schemas of the nodes. The operation does not fit
// if it fits none of them, and all are known.
func (c *Contract) Validate(document *schema.Document, op *schema.Operation) Validation {
	if c == nil || c.cfg.Validation == validationOff && !c.cfg.Pin && c.usage == nil {
		return Validation{}
	}
	now := c.current.Load()
	if len(now.schemas) == 0 {
		return Validation{}
	}
	v := Validation{contract: c, document: document, operation: op, schema: now.schemas[0]}
	if c.cfg.Validation == validationOff && !c.cfg.Pin {
		return v
	}
	fitting := 0
	var first []schema.Error
	for i, s := range now.schemas {
		errs := c.validations.validate(document, s)
		if len(errs) == 0 {
			fitting++
		} else if i == 0 {
			first = errs
		}
	}
	switch {
	case fitting == 0 && now.complete:
		v.problems = first
	case c.cfg.Pin && fitting > 0 && (fitting < len(now.schemas) || !now.complete):
		v.Filter = func(state rpcclient.SchemaState) bool {
			s := c.current.Load().find(state.Hash)
			return state.Unreadable || s != nil && len(c.validations.validate(document, s)) == 0
		}
	}
	return v
}

// FailedCode is the code of responses that refuse an operation.
const FailedCode = "GRAPHQL_VALIDATION_FAILED"

// Refusal returns the JSON of the response that refuses the operation; nil: it is not
// refused.
func (v Validation) Refusal() []byte {
	if len(v.problems) == 0 || v.contract.cfg.Validation != validationEnforce {
		return nil
	}
	v.contract.counts.Refused.Add(1)
	type extensions struct {
		Code string `json:"code"`
	}
	type graphQLError struct {
		schema.Error
		Extensions extensions `json:"extensions"`
	}
	errs := make([]graphQLError, len(v.problems))
	for i, e := range v.problems {
		errs[i] = graphQLError{e, extensions{FailedCode}}
	}
	body, _ := json.Marshal(map[string]any{"errors": errs})
	return body
}

// SetExecuted reports whether Absinthe executed the operation. It compares that with the
// validation where that is configured, and counts the usage.
func (v Validation) SetExecuted(executed bool, client operation.Client) {
	c := v.contract
	if c == nil {
		return
	}
	if executed && c.usage != nil {
		c.usage.add(v.schema, v.document, v.operation, client)
	}
	if c.cfg.Validation != validationReport {
		return
	}
	switch {
	case len(v.problems) > 0 && executed:
		c.counts.Disagreed.Add(1)
		c.logDisagreement(v)
	case len(v.problems) > 0:
		c.counts.Agreed.Add(1)
	case !executed:
		c.counts.Passed.Add(1)
	}
}

func (c *Contract) logDisagreement(v Validation) {
	c.log.LogAttrs(context.Background(), slog.LevelWarn, "Absinthe ran an operation that validation would refuse; please report it",
		slog.String("document_sha256", hex.EncodeToString(v.document.Hash[:8])), slog.String("reason", v.problems[0].String()), slog.Uint64("so_far", c.counts.Disagreed.Load()))
}

// Counts count validated operations. They may go on in another Contract of the same
// application.
type Counts struct {
	Refused   atomic.Uint64 // by the gateway
	Agreed    atomic.Uint64 // did not fit, and Absinthe refused them
	Disagreed atomic.Uint64 // did not fit, and Absinthe ran them
	Passed    atomic.Uint64 // fitted, and Absinthe refused them: for their variables, as a rule
}

// Status is the validation of an application in GET /status.
type Status struct {
	Mode      string `json:"mode"`
	Refused   uint64 `json:"refused"`
	Agreed    uint64 `json:"agreed"`
	Disagreed uint64 `json:"disagreed"`
	Passed    uint64 `json:"passed"`
}

// Status returns the counts; nil: validation is off.
func (c *Contract) Status() *Status {
	if c == nil || c.cfg.Validation == validationOff {
		return nil
	}
	return &Status{c.cfg.Validation, c.counts.Refused.Load(), c.counts.Agreed.Load(), c.counts.Disagreed.Load(), c.counts.Passed.Load()}
}
