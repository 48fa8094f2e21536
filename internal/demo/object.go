package demo

import (
	"context"

	"github.com/graph-gophers/graphql-go"
)

// The types below are both the rows of the seed and the objects of the schema.
// graphql-go resolves a field by the method of that name, else by the struct
// field.

type user struct {
	ID          graphql.ID
	Name, Email string
	Role        string
	ManagerID   *graphql.ID
	store       *store
}

func (u *user) id() graphql.ID { return u.ID }

func (u *user) Manager() *user {
	if u.ManagerID == nil {
		return nil
	}
	return u.store.user(*u.ManagerID)
}

func (u *user) Orders() []*order {
	return u.store.ordersWhere(func(o *order) bool { return o.PlacedByID == u.ID })
}

type supplier struct {
	ID            graphql.ID
	Name, Country string
	LeadTimeDays  int32
	Limit         decimal `json:"creditLimit"`
	store         *store
}

func (s *supplier) id() graphql.ID { return s.ID }

func (s *supplier) Parts() []*part {
	return s.store.partsWhere(func(p *part) bool { return p.SupplierID == s.ID })
}

func (s *supplier) CreditLimit(ctx context.Context) (*decimal, error) {
	u, err := s.store.currentUser(ctx)
	switch {
	case err != nil:
		return nil, err
	case u.Role != "ADMIN":
		return nil, errForbidden
	}
	return &s.Limit, nil
}

type part struct {
	ID         graphql.ID
	SKU, Name  string
	Category   string
	Price      decimal
	Weight     float
	Stock      int32
	SupplierID graphql.ID
	store      *store
}

func (p *part) id() graphql.ID { return p.ID }

func (p *part) Supplier() *supplier { return p.store.supplier(p.SupplierID) }

// pending is the status of an order before its approval.
const pending = "PENDING"

type order struct {
	ID           graphql.ID
	Status       string
	PlacedByID   graphql.ID
	ApprovedByID *graphql.ID
	PlacedAt     dateTime
	Note         *string
	Lines        []*orderLine
	store        *store
}

func (o *order) id() graphql.ID { return o.ID }

func (o *order) PlacedBy() *user { return o.store.user(o.PlacedByID) }

func (o *order) ApprovedBy() *user {
	if o.ApprovedByID == nil {
		return nil
	}
	return o.store.user(*o.ApprovedByID)
}

func (o *order) Total() (total decimal) {
	for _, l := range o.Lines {
		total += l.Total()
	}
	return total
}

type orderLine struct {
	PartID   graphql.ID
	Quantity int32
	store    *store
}

func (l *orderLine) Part() *part { return l.store.part(l.PartID) }

func (l *orderLine) Total() decimal { return l.Part().Price * decimal(l.Quantity) }
