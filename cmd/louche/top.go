package main

import (
	"context"

	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/internal/secret"
	"github.com/louche-graphql/louche/internal/top"
)

type topCommand struct {
	Admin     string `default:"127.0.0.1:4401" placeholder:"URL" help:"Address of the gateway's operators' listener (default ${default})."`
	TokenFile string `env:"LOUCHE_ADMIN_TOKEN_FILE" placeholder:"FILE" help:"File with the token of admin_token."`
	TokenEnv  string `env:"LOUCHE_ADMIN_TOKEN_ENV" placeholder:"NAME" help:"Environment variable with the token."`
}

// Run shows the gateway until the user quits.
func (t *topCommand) Run(ctx context.Context) error {
	token, err := t.token()
	if err != nil {
		return err
	}
	client, err := top.NewClient(t.Admin, token)
	if err != nil {
		return err
	}
	return top.Run(ctx, client)
}

func (t *topCommand) token() (string, error) {
	source := secret.Source{File: t.TokenFile, Env: t.TokenEnv}
	if !source.IsSet() {
		return "", nil
	}
	if err := source.Validate(); err != nil {
		return "", keypath.In(err, "token")
	}
	return source.Read()
}
