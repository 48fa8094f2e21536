package contract

import (
	"errors"

	"github.com/louche-graphql/louche/schema"
)

// maxShownChanges bounds the changes of a [Difference].
const maxShownChanges = 1000

// A Difference is how a schema of some nodes differs from that of others.
type Difference struct {
	From    NodesSchema     `json:"from"`
	To      NodesSchema     `json:"to"`
	Changes []schema.Change `json:"changes"`        // worst first
	More    int             `json:"more,omitempty"` // changes that are left out
}

// NodesSchema is a schema with the nodes that have it.
type NodesSchema struct {
	Hash  string   `json:"hash"` // short
	Nodes []string `json:"nodes"`
}

// Errors of [Contract.Difference].
var (
	ErrOneSchema     = errors.New("the known schemas of the nodes are equal")
	ErrUnknownSchema = errors.New("no node has a schema of this hash")
)

// Difference compares two schemas by their short hashes. From "" is the schema of most nodes;
// to "" is the most frequent of the others.
func (c *Contract) Difference(from, to string) (*Difference, error) {
	schemas := c.current.Load().schemas
	if len(schemas) < 2 && from == "" && to == "" {
		return nil, ErrOneSchema
	}
	former := choose(schemas, from, nil)
	if former == nil {
		return nil, ErrUnknownSchema
	}
	next := choose(schemas, to, former)
	if next == nil {
		return nil, ErrUnknownSchema
	}
	changes := schema.Diff(former, next)
	shown := changes[:min(len(changes), maxShownChanges)]
	c.mu.Lock()
	defer c.mu.Unlock()
	return &Difference{
		From:    NodesSchema{former.ShortHash(), c.nodesWith(former)},
		To:      NodesSchema{next.ShortHash(), c.nodesWith(next)},
		Changes: append([]schema.Change{}, shown...),
		More:    len(changes) - len(shown),
	}, nil
}

// choose returns the schema with a short hash, or the first one besides another if hash is
// empty.
func choose(schemas []*schema.Schema, hash string, another *schema.Schema) *schema.Schema {
	for _, s := range schemas {
		if hash == s.ShortHash() || hash == "" && s != another {
			return s
		}
	}
	return nil
}
