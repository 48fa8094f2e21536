package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/louche-graphql/louche/internal/cache"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/etf"
	"github.com/louche-graphql/louche/schema"
)

// verdicts remembers what documents were found to be, held against a schema.
type verdicts struct {
	known *cache.Cache[verdictKey, []schema.Error]
}

type verdictKey struct {
	document [sha256.Size]byte
	schema   string // its hash
}

// rememberedVerdicts are those of as many documents, with two schemas, as the
// gateway remembers for their kind, and so many bytes of them: some hundred each, a few
// KiB where a document does not fit.
const (
	rememberedVerdicts = 2 * rememberedDocuments
	verdictBytes       = 8 << 20
	verdictSize        = 160 // of one without errors, about
)

func newVerdicts() *verdicts {
	return &verdicts{cache.New[verdictKey, []schema.Error](rememberedVerdicts, verdictBytes)}
}

// of returns why a document does not fit a schema; nil: it does.
func (v *verdicts) of(document *schema.Document, s *schema.Schema) []schema.Error {
	key := verdictKey{document.Hash, s.Hash()}
	errs, known := v.known.Get(key)
	if !known {
		errs = s.Validate(document.Text)
		size := verdictSize
		for _, err := range errs {
			size += verdictSize + len(err.Message) + len(err.File) + 16*len(err.Locations)
		}
		v.known.Add(key, errs, size)
	}
	return errs
}

// A judgement is what a contract says of an operation before a node is asked.
type judgement struct {
	contract *Contract // nil: it says nothing
	request  *request
	schema   *schema.Schema // that of most nodes
	wrong    []schema.Error
	filter   rpcclient.NodeFilter
}

// judge holds a document against the schemas of the nodes. It does not fit if it
// fits none, and every node has told its own.
func (c *Contract) judge(req *request) judgement {
	if c == nil || c.cfg.Validation == "off" && !c.cfg.Pin && c.usage == nil {
		return judgement{}
	}
	now := c.current.Load()
	if len(now.schemas) == 0 {
		return judgement{}
	}
	j := judgement{contract: c, request: req, schema: now.schemas[0]}
	if c.cfg.Validation == "off" && !c.cfg.Pin {
		return j
	}
	fits := 0
	var first []schema.Error
	for i, s := range now.schemas {
		errs := c.verdicts.of(req.document, s)
		if len(errs) == 0 {
			fits++
		} else if i == 0 {
			first = errs
		}
	}
	switch {
	case fits == 0 && now.all:
		j.wrong = first
	case c.cfg.Pin && fits > 0 && (fits < len(now.schemas) || !now.all):
		j.filter = func(state rpcclient.SchemaState) bool {
			s := c.current.Load().schema(state.Hash)
			return state.Unreadable || s != nil && len(c.verdicts.of(req.document, s)) == 0
		}
	}
	return j
}

const validationFailed = "GRAPHQL_VALIDATION_FAILED"

// refusal is the answer to an operation that is refused, nil if it is not.
func (j judgement) refusal() []byte {
	if len(j.wrong) == 0 || j.contract.cfg.Validation != "enforce" {
		return nil
	}
	j.contract.counts.refused.Add(1)
	type extensions struct {
		Code string `json:"code"`
	}
	type graphQLError struct {
		schema.Error
		Extensions extensions `json:"extensions"`
	}
	errs := make([]graphQLError, len(j.wrong))
	for i, e := range j.wrong {
		errs[i] = graphQLError{e, extensions{validationFailed}}
	}
	body, _ := json.Marshal(map[string]any{"errors": errs})
	return body
}

// answered compares with what Absinthe did, where that is to be reported, and
// counts what was used.
func (j judgement) answered(result etf.Term, header http.Header) {
	c := j.contract
	if c == nil || c.cfg.Validation != "report" && c.usage == nil {
		return
	}
	ran := hasMember(result, "data") // then it was run, whatever came of it
	if ran && c.usage != nil {
		c.usage.add(j.schema, j.request.document, j.request.operation, header)
	}
	if c.cfg.Validation != "report" {
		return
	}
	switch {
	case len(j.wrong) > 0 && ran:
		c.counts.disagreed.Add(1)
		c.disagreement(j)
	case len(j.wrong) > 0:
		c.counts.agreed.Add(1)
	case !ran:
		c.counts.passed.Add(1)
	}
}

func (c *Contract) disagreement(j judgement) {
	c.log.LogAttrs(context.Background(), slog.LevelWarn, "an operation that would be refused was run by Absinthe; please report it",
		slog.String("document_sha256", hex.EncodeToString(j.request.document.Hash[:8])), slog.String("reason", j.wrong[0].String()), slog.Uint64("so_far", c.counts.disagreed.Load()))
}

// counts are of operations that were held against the schema.
type counts struct {
	refused   atomic.Uint64 // by the gateway
	agreed    atomic.Uint64 // would have been refused, and were by Absinthe
	disagreed atomic.Uint64 // would have been refused, but Absinthe ran them
	passed    atomic.Uint64 // would not have been refused, but were by Absinthe: for their variables, as a rule
}

// validationStatus is what operators see of it.
type validationStatus struct {
	Mode      string `json:"mode"`
	Refused   uint64 `json:"refused"`
	Agreed    uint64 `json:"agreed"`
	Disagreed uint64 `json:"disagreed"`
	Passed    uint64 `json:"passed"`
}

func (c *Contract) validation() *validationStatus {
	if c == nil || c.cfg.Validation == "off" {
		return nil
	}
	return &validationStatus{c.cfg.Validation, c.counts.refused.Load(), c.counts.agreed.Load(), c.counts.disagreed.Load(), c.counts.passed.Load()}
}
