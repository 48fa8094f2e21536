package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/cache"
	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/internal/secret"
	"github.com/louche-graphql/louche/internal/strictjson"
)

// TrustedConfig is the section trusted_documents: the documents of an application's own
// frontends.
type TrustedConfig struct {
	// Mode is "off", which is the default; "log": other documents are run and logged; or
	// "enforce": other documents are refused.
	Mode string `yaml:"mode" env:"MODE"`
	// Manifests are files that list the documents, by id, in the format of Apollo's
	// generate-persisted-query-manifest or of the Relay compiler.
	Manifests []string `yaml:"manifests" env:"MANIFESTS"`
	// CacheControl is a header of answers without errors to a GET by id. no-store
	// unless set.
	CacheControl string `yaml:"cache_control" env:"CACHE_CONTROL"`
}

const (
	trustedOff     = "off"
	trustedLog     = "log"
	trustedEnforce = "enforce"
)

func (c *TrustedConfig) setDefaults() {
	c.Mode = cmp.Or(c.Mode, trustedOff)
	c.CacheControl = cmp.Or(c.CacheControl, operation.NoStore)
}

func (c *TrustedConfig) validate() error {
	switch {
	case c.Mode != trustedOff && c.Mode != trustedLog && c.Mode != trustedEnforce:
		return keypath.Errorf("mode", "is not %s, %s or %s", trustedOff, trustedLog, trustedEnforce)
	case c.Mode != trustedOff && len(c.Manifests) == 0:
		return keypath.Errorf("manifests", "is empty, which mode %s needs", c.Mode)
	case strings.ContainsAny(c.CacheControl, "\r\n"):
		return keypath.Errorf("cache_control", "is not a header's value")
	}
	return nil
}

// TrustedDocuments are those of an application's manifests.
type TrustedDocuments struct {
	byID     map[string]string
	texts    map[string]struct{}
	reported *cache.Cache[[sha256.Size]byte, struct{}] // other documents that have been logged
}

// maxReported bounds the documents that are not logged again.
const maxReported = 1024

// LoadTrustedDocuments reads the manifests of a configuration. Where it is off there
// are none, and the result is nil.
func LoadTrustedDocuments(cfg TrustedConfig) (*TrustedDocuments, error) {
	if cfg.Mode == trustedOff {
		return nil, nil
	}
	t := &TrustedDocuments{byID: make(map[string]string), texts: make(map[string]struct{}), reported: cache.New[[sha256.Size]byte, struct{}](maxReported, 0)}
	for i, name := range cfg.Manifests {
		manifest, err := secret.ReadTrusted(name)
		if err == nil {
			err = t.add(manifest)
		}
		if err != nil {
			return nil, keypath.In(fmt.Errorf("%s: %w", name, err), "trusted_documents", "manifests", i)
		}
	}
	return t, nil
}

// add reads a manifest: Apollo's says what it is, Relay's is a map of ids to
// documents.
func (t *TrustedDocuments) add(manifest []byte) error {
	if err := strictjson.Check(manifest); err != nil {
		return fmt.Errorf("it is not JSON: %w", err)
	}
	var apollo struct {
		Format     string
		Version    int
		Operations []struct{ ID, Body string }
	}
	if err := json.Unmarshal(manifest, &apollo); err == nil && apollo.Format != "" {
		if apollo.Format != "apollo-persisted-query-manifest" || apollo.Version != 1 {
			return fmt.Errorf("its format is %q, version %d, and not apollo-persisted-query-manifest, version 1", apollo.Format, apollo.Version)
		}
		for _, op := range apollo.Operations {
			if err := t.put(op.ID, op.Body); err != nil {
				return err
			}
		}
		return nil
	}
	if strictjson.First(manifest) != '{' {
		return errNoManifest
	}
	for id, text := range strictjson.Members(manifest) {
		var document string
		if json.Unmarshal(text, &document) != nil {
			return errNoManifest
		}
		if err := t.put(id, document); err != nil {
			return err
		}
	}
	return nil
}

var errNoManifest = errors.New("it is neither a manifest of Apollo nor a JSON object of ids and documents, as Relay writes")

func (t *TrustedDocuments) put(id, document string) error {
	if id == "" || document == "" {
		return fmt.Errorf("an operation has no id or no document: id %q", id)
	}
	if known, found := t.byID[id]; found && known != document {
		return fmt.Errorf("there are two documents with the id %q", id)
	}
	t.byID[id] = document
	t.texts[document] = struct{}{}
	return nil
}

// find is the document of an id. The prefix that the GraphQL over HTTP draft wants
// before a hash may be left out of the manifest.
func (t *TrustedDocuments) find(id string) (document string, found bool) {
	if document, found = t.byID[id]; !found {
		document, found = t.byID[strings.TrimPrefix(id, "sha256:")]
	}
	return document, found
}

// findTrusted finds the document that a request names by its id. found reports whether the
// request has a trusted document. One that has not may be an automatic persisted query,
// where others are not refused.
func (r *run) findTrusted() (found bool, err error) {
	enforce := r.Config.Trusted.Mode == trustedEnforce
	if r.Query == "" && (r.DocumentID != "" || r.Hash != "") {
		for _, id := range []string{r.DocumentID, r.Hash} {
			if r.Query, found = r.Trusted.find(id); found {
				r.byID = true
				return true, nil
			}
		}
		if enforce || r.Hash == "" {
			return false, errNotInManifest
		}
		return false, nil
	}
	if _, found = r.Trusted.texts[r.Query]; found {
		return true, nil
	}
	if enforce {
		return false, errNotTrusted
	}
	return false, nil
}

// logUntrusted logs once that no manifest has the document.
func (r *run) logUntrusted() {
	if _, known := r.Trusted.reported.GetOrAdd(r.document.Hash, struct{}{}, 0); !known {
		r.Log.Warn("document is in no manifest", "path", r.Path, "sha256", hex.EncodeToString(r.document.Hash[:]),
			"operation", operation.ShortName(r.OperationName))
	}
}
