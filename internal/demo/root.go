package demo

import (
	"context"
	"slices"
	"time"

	"github.com/graph-gophers/graphql-go"
)

// root resolves the fields of the root types.
type root struct{ store *store }

func (r *root) Session() *session { return &session{r.store} }

func (r *root) User(args struct{ ID graphql.ID }) *user { return r.store.user(args.ID) }

func (r *root) Users(args struct {
	Role  *string
	Limit *int32
}) []*user {
	return limited(args.Limit, filter(r.store.users, func(u *user) bool {
		return args.Role == nil || u.Role == *args.Role
	}))
}

func (r *root) Supplier(args struct{ ID graphql.ID }) *supplier { return r.store.supplier(args.ID) }

func (r *root) Suppliers() []*supplier { return r.store.suppliers }

func (r *root) Part(args struct{ ID graphql.ID }) *part { return r.store.part(args.ID) }

func (r *root) Parts(args struct {
	Filter *partFilter
	Limit  *int32
}) []*part {
	return limited(args.Limit, r.store.partsWhere(args.Filter.matches))
}

func (r *root) Order(args struct{ ID graphql.ID }) *order { return r.store.order(args.ID) }

func (r *root) Orders(args struct{ Status *string }) []*order {
	return r.store.ordersWhere(func(o *order) bool {
		return args.Status == nil || o.Status == *args.Status
	})
}

func (r *root) Backend(ctx context.Context) string {
	name, _ := ctx.Value(nodeKey{}).(string)
	return name
}

func (r *root) Slow(ctx context.Context, args struct{ Ms int32 }) (*int32, error) {
	select {
	case <-time.After(time.Duration(args.Ms) * time.Millisecond):
		return &args.Ms, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// partFilter is the input PartFilter. A nil member matches every part.
type partFilter struct {
	Category   *string
	IDs        *[]graphql.ID
	InStock    *bool
	MaxPrice   *decimal
	SupplierID *graphql.ID
}

func (f *partFilter) matches(p *part) bool {
	return f == nil ||
		(f.Category == nil || p.Category == *f.Category) &&
			(f.IDs == nil || slices.Contains(*f.IDs, p.ID)) &&
			(f.InStock == nil || p.Stock > 0 == *f.InStock) &&
			(f.MaxPrice == nil || p.Price <= *f.MaxPrice) &&
			(f.SupplierID == nil || p.SupplierID == *f.SupplierID)
}

func limited[T any](limit *int32, records []T) []T {
	if limit == nil {
		return records
	}
	return records[:min(len(records), max(0, int(*limit)))]
}

func (r *root) PlaceOrder(ctx context.Context, args struct {
	Lines []struct {
		PartID   graphql.ID
		Quantity int32
	}
	Note *text
}) (*order, error) {
	u, err := r.store.currentUser(ctx)
	if err != nil {
		return nil, err
	}
	lines := make([]*orderLine, len(args.Lines))
	for i, l := range args.Lines {
		lines[i] = &orderLine{PartID: l.PartID, Quantity: l.Quantity}
	}
	return r.store.placeOrder(u, lines, (*string)(args.Note))
}

func (r *root) ApproveOrder(ctx context.Context, args struct{ ID graphql.ID }) (*order, error) {
	u, err := r.store.currentUser(ctx)
	switch {
	case err != nil:
		return nil, err
	case u.Role == "BUYER":
		return nil, errForbidden
	}
	return r.store.approveOrder(u, args.ID)
}

func (r *root) OrderChanged(ctx context.Context, args struct{ ID *graphql.ID }) <-chan *order {
	return r.store.feed.subscribe(ctx, func(o *order) bool { return args.ID == nil || *args.ID == o.ID })
}
