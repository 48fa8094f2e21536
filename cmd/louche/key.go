package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-yaml"

	"github.com/louche-graphql/louche/auth"
)

type keyCommand struct {
	Name   string `arg:"" help:"Name of the caller; the claim sub of its requests."`
	Claims string `placeholder:"YAML" help:"Other claims of its requests, such as '{scope: read write}'."`
}

func (c *keyCommand) Help() string {
	return "Standard output is the key's entry in the file of api_keys, standard error the key itself, which is kept nowhere: louche key billing >> keys.yaml"
}

func (c *keyCommand) Run(out output) error { return c.make(out, os.Stderr) }

// make writes a new key and its entry to different writers: only the entry belongs into a
// file.
func (c *keyCommand) make(entry, secret io.Writer) error {
	var claims map[string]any
	if err := yaml.Unmarshal([]byte(c.Claims), &claims); err != nil {
		return errors.New("--claims is a YAML map, such as '{scope: read write}'")
	}
	key, kept, err := auth.NewAPIKey(c.Name, claims)
	if err != nil {
		return err
	}
	text, err := yaml.Marshal([]auth.APIKey{kept})
	if err != nil {
		return err
	}
	if _, err := entry.Write(text); err != nil {
		return err
	}
	_, err = fmt.Fprintln(secret, key)
	return err
}
