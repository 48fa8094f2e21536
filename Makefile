# Everything a contributor needs. Each target works on a fresh clone.

# Where test-matrix unpacks newer Debian releases with their Erlang. Outside the
# repository: they are whole file systems.
OTP_MATRIX ?= /var/tmp/louche-otp
# The packages that talk to a real BEAM.
BEAM_PACKAGES = ./internal/beamtest ./rpcclient ./cmd/louche
FUZZTIME ?= 30s
BENCHTIME ?= 5s

.PHONY: build demo test test-matrix lint bench fuzz

build:
	go build -o bin/louche ./cmd/louche

demo: build
	bin/louche demo

# Against the machine's own Erlang and Elixir, and with GraphQL clients of npm, all
# installed if need be.
test:
	testdata/install-erlang
	testdata/install-clients
	go test -race ./...

# Against OTP 27 and 29 from newer Debian releases (root, on Debian).
test-matrix:
	testdata/install-otp-matrix $(OTP_MATRIX)
	testdata/install-clients
	LOUCHE_BEAM_ROOT=$(OTP_MATRIX)/otp27 go test -race -count=1 $(BEAM_PACKAGES)
	LOUCHE_BEAM_ROOT=$(OTP_MATRIX)/otp29 go test -race -count=1 $(BEAM_PACKAGES)

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l . ; echo "gofmt -w these files"; exit 1; }
	go vet ./...
	go tool staticcheck ./...

# Throughput and CPU beside :erpc.call, with ratios, and of every form of request;
# then the transcoder.
bench:
	testdata/install-erlang
	go test -run '^$$' -bench 'Bridge|Forms' -benchtime $(BENCHTIME) -timeout 20m ./cmd/louche
	go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./rpcclient/etf

# Every fuzz target for FUZZTIME.
fuzz:
	@for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package || exit 1; \
		done; \
	done
