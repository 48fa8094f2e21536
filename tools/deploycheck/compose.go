package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// checkCompose loads a project as docker compose config does, and checks the configuration
// that the gateway gets in it.
func checkCompose(ctx context.Context, file string, g gateway) error {
	options, err := cli.NewProjectOptions([]string{file}, cli.WithEnv([]string{"RELEASE_COOKIE=a-long-random-cookie"}))
	if err != nil {
		return err
	}
	project, err := options.LoadProject(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, service := range project.Services {
		if b := service.Build; b != nil {
			if _, err := os.Stat(filepath.Join(b.Context, b.Dockerfile)); err != nil {
				errs = append(errs, err)
			}
		}
	}
	service, err := project.GetService("gateway")
	if err != nil {
		return err
	}
	configuration, err := mounted(service, configurationPath)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	environment := make(map[string]string)
	for name, value := range service.Environment {
		if value != nil {
			environment[name] = *value
		}
	}
	return errors.Join(append(errs, g.check(configuration, environment))...)
}

// configurationPath is where the image has the configuration.
const configurationPath = "/etc/louche/louche.yaml"

// mounted returns the file that a service has at a path.
func mounted(service types.ServiceConfig, path string) (string, error) {
	for _, volume := range service.Volumes {
		if volume.Target == path {
			text, err := os.ReadFile(volume.Source)
			return string(text), err
		}
	}
	return "", fmt.Errorf("the service %s has no file %s", service.Name, path)
}
