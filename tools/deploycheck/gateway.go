package main

import (
	"fmt"
	"os"
	"os/exec"
)

// A gateway is the path of the program.
type gateway string

// check checks a configuration with the environment that it will have. Files that the
// configuration names are those of the container.
func (g gateway) check(configuration string, environment map[string]string) error {
	file, err := os.CreateTemp("", "louche-*.yaml")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	if _, err := file.WriteString(configuration); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	cmd := exec.Command(string(g), "config", "check", "--no-files", file.Name())
	for name, value := range environment {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s\n%s", err, out, configuration)
	}
	return nil
}
