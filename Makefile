# Everything a contributor needs. Each target works on a fresh clone.

# Where test-matrix unpacks newer Debian releases with their Erlang. Outside the
# repository: they are whole file systems.
OTP_MATRIX ?= /var/tmp/louche-otp
# The packages that talk to a real BEAM.
BEAM_PACKAGES = ./internal/beamtest ./rpcclient ./cmd/louche
FUZZTIME ?= 30s
BENCHTIME ?= 5s
# How long chaos keeps its mixed load up.
SOAK ?= 30m

.PHONY: build demo test test-matrix chaos lint bench fuzz

build:
	go build -o bin/louche ./cmd/louche

demo: build
	bin/louche demo

# Against the machine's own Erlang and Elixir, and with GraphQL clients of npm, all
# installed if need be. The chaos suite, in its short form, measures times and so
# runs alone.
test:
	testdata/install-erlang
	testdata/install-clients
	go test -race $$(go list ./... | grep -v /chaos$$)
	go test -race -timeout 20m ./chaos

# Against OTP 27 and 29 from newer Debian releases (root, on Debian).
test-matrix:
	testdata/install-otp-matrix $(OTP_MATRIX)
	testdata/install-clients
	TEST_BEAM_ROOT=$(OTP_MATRIX)/otp27 go test -race -count=1 $(BEAM_PACKAGES)
	TEST_BEAM_ROOT=$(OTP_MATRIX)/otp29 go test -race -count=1 $(BEAM_PACKAGES)

# The whole chaos suite with its full numbers (root): about an hour.
chaos:
	testdata/install-erlang
	TEST_CHAOS=long TEST_CHAOS_SOAK=$(SOAK) go test -count=1 -timeout 3h -v ./chaos

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l . ; echo "gofmt -w these files"; exit 1; }
	go vet ./...
	go tool staticcheck ./...

# Throughput and CPU beside :erpc.call, with ratios, and of every feature on and off;
# then the transcoder.
bench:
	testdata/install-erlang
	go test -run '^$$' -bench 'Bridge|Features' -benchtime $(BENCHTIME) -timeout 20m ./cmd/louche
	go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./rpcclient/etf

# Every fuzz target for FUZZTIME.
fuzz:
	@for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package || exit 1; \
		done; \
	done
