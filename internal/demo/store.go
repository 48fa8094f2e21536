package demo

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/graph-gophers/graphql-go"
)

//go:embed seed.json
var seed []byte

// A store holds the state of the application. Its records are immutable: a
// mutation replaces a record by a changed copy, so a record needs no lock.
type store struct {
	users     []*user
	suppliers []*supplier

	mu     sync.RWMutex // guards the elements below
	parts  []*part
	orders []*order
	feed   orderFeed
}

// loadStore returns a store with the seed data. It panics if the data is invalid,
// which is a fault of the build.
func loadStore() *store {
	var data struct {
		Users     []*user
		Suppliers []*supplier
		Parts     []*part
		Orders    []*order
	}
	if err := json.Unmarshal(seed, &data); err != nil {
		panic(fmt.Sprintf("demo: seed.json: %v", err))
	}
	s := &store{users: data.Users, suppliers: data.Suppliers, parts: data.Parts, orders: data.Orders}
	for _, u := range s.users {
		u.store = s
	}
	for _, sup := range s.suppliers {
		sup.store = s
	}
	for _, p := range s.parts {
		p.store = s
	}
	for _, o := range s.orders {
		o.store = s
		for _, l := range o.Lines {
			l.store = s
		}
	}
	return s
}

func find[T interface{ id() graphql.ID }](records []T, id graphql.ID) (found T) {
	if i := slices.IndexFunc(records, func(r T) bool { return r.id() == id }); i >= 0 {
		found = records[i]
	}
	return found
}

// filter returns the records for which keep returns true. The slice is not nil.
func filter[T any](records []T, keep func(T) bool) []T {
	kept := []T{}
	for _, r := range records {
		if keep(r) {
			kept = append(kept, r)
		}
	}
	return kept
}

func (s *store) user(id graphql.ID) *user         { return find(s.users, id) }
func (s *store) supplier(id graphql.ID) *supplier { return find(s.suppliers, id) }

func (s *store) part(id graphql.ID) *part {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return find(s.parts, id)
}

func (s *store) order(id graphql.ID) *order {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return find(s.orders, id)
}

func (s *store) partsWhere(keep func(*part) bool) []*part {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return filter(s.parts, keep)
}

func (s *store) ordersWhere(keep func(*order) bool) []*order {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return filter(s.orders, keep)
}

// placeOrder adds an order and takes its parts out of stock. On an error it
// changes neither.
func (s *store) placeOrder(by *user, lines []*orderLine, note *string) (*order, error) {
	if len(lines) == 0 {
		return nil, &fieldError{"an order needs a line", "invalid"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := slices.Clone(s.parts)
	for _, l := range lines {
		i := slices.IndexFunc(parts, func(p *part) bool { return p.ID == l.PartID })
		switch {
		case i < 0:
			return nil, &fieldError{fmt.Sprintf("there is no part %q", l.PartID), "not_found"}
		case l.Quantity < 1:
			return nil, &fieldError{"a quantity must be at least 1", "invalid"}
		case l.Quantity > parts[i].Stock:
			return nil, &fieldError{fmt.Sprintf("%s: %d in stock", parts[i].SKU, parts[i].Stock), "out_of_stock"}
		}
		left := *parts[i]
		left.Stock -= l.Quantity
		parts[i] = &left
		l.store = s
	}
	s.parts = parts
	o := &order{
		ID:         graphql.ID(fmt.Sprintf("o%d", len(s.orders)+1)),
		Status:     pending,
		PlacedByID: by.ID,
		PlacedAt:   dateTime{graphql.Time{Time: time.Now().UTC().Truncate(time.Second)}},
		Note:       note,
		Lines:      lines,
		store:      s,
	}
	s.orders = append(s.orders, o)
	s.feed.publish(o)
	return o, nil
}

func (s *store) approveOrder(by *user, id graphql.ID) (*order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.orders, func(o *order) bool { return o.ID == id })
	switch {
	case i < 0:
		return nil, &fieldError{fmt.Sprintf("there is no order %q", id), "not_found"}
	case s.orders[i].Status != pending:
		return nil, &fieldError{fmt.Sprintf("order %s is not pending", id), "conflict"}
	}
	approved := *s.orders[i]
	approved.Status = "APPROVED"
	approved.ApprovedByID = &by.ID
	s.orders[i] = &approved
	s.feed.publish(&approved)
	return &approved, nil
}
