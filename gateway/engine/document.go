package engine

import "context"

// findDocument finds the document that a request names by an id or a hash. It refuses one
// that has to be trusted and is not.
func (r *run) findDocument(context.Context) error {
	if r.Trusted != nil {
		if found, err := r.findTrusted(); found || err != nil {
			return err
		}
	}
	switch {
	case r.Query != "":
	case r.Hash != "":
		return r.findPersisted()
	case r.DocumentID != "":
		return errNotInManifest
	}
	r.sent = true
	return nil
}

// parse parses the document, and refuses it if it exceeds a limit.
func (r *run) parse(context.Context) (err error) {
	if err := r.Config.DocumentLimits.checkSize(r.Query); err != nil {
		return err
	}
	r.document = r.documents.Get(r.Query)
	r.operation = r.document.Operation(r.OperationName)
	r.reportDocument()
	return r.Config.DocumentLimits.check(r.document, r.operation)
}

// checkSent checks a document that the client sent: its hash is the one that came with it.
func (r *run) checkSent(context.Context) error {
	if !r.sent {
		return nil
	}
	if r.Trusted != nil {
		r.logUntrusted()
	}
	if r.Hash != "" && r.Config.PersistedQueries != persistedOff {
		if hash, ok := parseHash(r.Hash); !ok || hash != r.document.Hash {
			return errPersistedMismatch
		}
	}
	return nil
}
