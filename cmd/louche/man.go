package main

import (
	"github.com/alecthomas/kong"

	"github.com/louche-graphql/louche/internal/manpage"
)

type manCommand struct{}

const manual = `Louche finds live nodes of an application by DNS, EPMD and a name prefix, runs Absinthe.run on one of them over Erlang distribution, and responds with JSON. The application needs nothing new.

Each key of the configuration is also an environment variable: LOUCHE_ and its path in upper case, such as LOUCHE_APPS_0_SCHEMA. Flags override the environment, which overrides the file. RELEASE_COOKIE, REMOTE_APP_NAME and ERL_EPMD_PORT are the defaults of their keys.`

// Run prints the page in roff: louche man | man -l -.
func (manCommand) Run(out output, cli *kong.Context) error {
	return manpage.Write(out, cli.Model, manpage.Page{
		Description: manual,
		SeeAlso:     "https://github.com/louche-graphql/louche",
	})
}
