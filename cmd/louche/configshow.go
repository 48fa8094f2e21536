package main

import "github.com/louche-graphql/louche/internal/config"

type showCommand struct {
	config.Flags
}

// Run prints the configuration that serve would use. Of secrets it prints the names of their
// files and variables.
func (s *showCommand) Run(out output) error {
	cfg, err := s.Load()
	if err != nil {
		return err
	}
	text, err := cfg.Show()
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}
