package demo

import (
	"context"
	"strconv"

	"github.com/graph-gophers/graphql-go"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

type session struct{ store *store }

func (s *session) User(ctx context.Context) (*user, error) { return s.store.currentUser(ctx) }

func (s *session) Context(ctx context.Context) string { return absintheContext(ctx).String() }

func (s *store) currentUser(ctx context.Context) (*user, error) {
	if id, ok := currentUserID(absintheContext(ctx)); ok {
		if u := s.user(id); u != nil {
			return u, nil
		}
	}
	return nil, errUnauthenticated
}

// currentUserID returns the value of current_user_id in a context, which is an
// integer or a string. ok reports whether the context has such a value.
func currentUserID(absintheContext etf.Term) (id graphql.ID, ok bool) {
	d := etf.NewDecoder(absintheContext)
	pairs, err := d.Map()
	if err != nil {
		return "", false
	}
	for range pairs {
		key, err := d.Term()
		if err != nil {
			return "", false
		}
		if name, err := atomOf(key); err != nil || name != "current_user_id" {
			if err := d.Skip(); err != nil {
				return "", false
			}
			continue
		}
		if n, err := d.Int(); err == nil {
			return graphql.ID(strconv.FormatInt(n, 10)), true
		}
		text, err := d.Binary()
		return graphql.ID(text), err == nil
	}
	return "", false
}
