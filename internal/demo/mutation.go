package demo

import (
	"context"

	"github.com/graph-gophers/graphql-go"
)

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
