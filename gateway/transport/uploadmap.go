package transport

import (
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/gateway/transport/request"
	"github.com/louche-graphql/louche/internal/strictjson"
)

// readMapped reads the operations and the map of the GraphQL multipart request
// specification. The present part is that of the operations.
func (h *Handler) readMapped(s *responseState, f *form) (single *operation.Request, batch []*batched, err error) {
	if err := f.appendField(s, h.limits.Body); err != nil {
		return nil, nil, err
	}
	size := len(s.body.Bytes)
	if name, err := f.next(); err != nil || name != "map" {
		return nil, nil, response.BadRequest(`The second part of the request is not its "map".`)
	}
	if err := f.appendField(s, h.limits.Body); err != nil {
		return nil, nil, err
	}
	files := h.readFiles(f)
	err = s.parse(len(s.body.Bytes), func() (err error) {
		operations := s.body.Bytes[:size]
		places, err := h.readMap(s.body.Bytes[size:])
		if err != nil {
			return err
		}
		files.mapped = keysOf(places)
		if strictjson.First(operations) != '[' {
			if single, err = request.FromJSON(operations); err == nil {
				err = setFiles(single, places)
			}
			return err
		}
		if batch, err = fromArray(operations, h.limits.Batch); err == nil {
			err = setBatchFiles(batch, places, files)
		}
		return err
	})
	switch {
	case err != nil:
		return nil, nil, err
	case len(files.mapped) == 0:
		if _, err = files.nextFile(); err == io.EOF {
			err = nil
		}
	case single != nil:
		single.Files = files.all()
	}
	return single, batch, err
}

// A place is where an operation has a file.
type place struct {
	key  string
	path []string // within variables, or below the position of an operation in a batch
	text string
}

// readMap reads {"key": ["variables.path", …], …}.
func (h *Handler) readMap(text []byte) (places []place, err error) {
	if err := strictjson.Check(text); err != nil || strictjson.First(text) != '{' {
		return nil, response.BadRequest(`The request's "map" is not a JSON object.`)
	}
	for key, value := range strictjson.Object(text) {
		var paths []string
		if json.Unmarshal(value, &paths) != nil || len(paths) == 0 {
			return nil, response.BadRequest(`%q of the request's map is not a list of paths such as ["variables.file"].`, key)
		}
		for _, path := range paths {
			places = append(places, place{key, strings.Split(path, "."), path})
			if len(places) > h.config.Uploads.Files {
				return nil, tooManyFiles(h.config.Uploads.Files)
			}
		}
	}
	return places, nil
}

func keysOf(places []place) map[string]bool {
	keys := make(map[string]bool, len(places))
	for _, p := range places {
		keys[p.key] = true
	}
	return keys
}

// setFiles puts the keys of files into the variables, in place of null.
func setFiles(req *operation.Request, places []place) error {
	for _, p := range places {
		if p.path[0] != "variables" {
			return p.misses()
		}
		start, end, found := strictjson.Find(req.Variables, p.path[1:])
		if !found || string(req.Variables[start:end]) != "null" {
			return p.misses()
		}
		key, _ := json.Marshal(p.key)
		req.Variables = slices.Concat(req.Variables[:start], key, req.Variables[end:])
	}
	return nil
}

func (p place) misses() error {
	return response.BadRequest("The operations have no null at %q of the request's map.", p.text)
}

// setBatchFiles is setFiles for a batch. The operations get the files from a reader.
func setBatchFiles(batch []*batched, places []place, reader *fileReader) error {
	for _, p := range places {
		n, err := strconv.Atoi(p.path[0])
		if err != nil || n < 0 || n >= len(batch) || len(p.path) == 1 {
			return p.misses()
		}
		op := batch[n]
		p.path = p.path[1:]
		if op.err != nil {
			continue
		}
		if err := setFiles(op.Request, []place{p}); err != nil {
			return err
		}
		if op.files == nil {
			op.files = newFileQueue(reader)
			op.Files = op.files.all()
		}
		op.files.keys[p.key] = true
	}
	return nil
}
