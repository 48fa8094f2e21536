# The commands of a contributor. Each target works on a fresh clone.

# Where test-matrix unpacks newer Debian releases with their Erlang. Outside the
# repository: they are whole file systems.
OTP_MATRIX ?= /var/tmp/louche-otp
# The packages that talk to a real BEAM.
BEAM_PACKAGES = ./test/beamtest ./rpcclient ./test/e2e
# Tests of clients, pages and the command line do not depend on the release of OTP.
MATRIX_FLAGS := -skip '^Test(Clients|ExamplesOf.*|Explore.*|Console.*|OperationsPage|Page.*|OpenIDProvider|Monitoring|CommandLine|GraphQLSSE)$$'
FUZZTIME ?= 30s
# The duration of the mixed load of chaos.
SOAK ?= 30m
# The tests of a package that take longer hang, even on a slow machine.
TIMEOUT ?= 1h

# Checks that gosec skips:
# G104, ignored errors: of closing, and of writing to a client that may have left.
# G115, conversions that may overflow: gosec does not see earlier bounds of lengths, code
#       points and times, which the codecs are full of.
# G304, files whose names are variables: only operators name files.
# It also skips internal/*test and test/, which start processes for tests. #nosec marks
# other false findings in the code, with the reason.
GOSEC_FLAGS = -test=false -exclude=G104,G115,G304

# Subjects of the commits that main lacks, or of the latest one where main is not known.
COMMITS = { git log --format=%s origin/main..HEAD || git log -1 --format=%s; } 2>/dev/null

# Platforms of make dist.
PLATFORMS ?= linux/amd64,linux/arm64,darwin/amd64,darwin/arm64
# Where make dist writes.
DIST ?= dist

.PHONY: build demo dist dist-check deploy-check docs schema web web-check test test-matrix chaos lint vulncheck bench bench-growth bench-events bench-features screenshots fuzz

build:
	go build -o bin/louche ./cmd/louche

demo: build
	bin/louche demo

# What a release consists of: see docs/releases.md.
dist:
	go build -C tools -o ../bin/dist ./dist
	bin/dist -out $(DIST) -platforms $(PLATFORMS)

# A second build of the last commit, in another folder, gives the same bytes. The image runs
# as another user in a root without anything else (root).
dist-check:
	testdata/check-dist $(PLATFORMS)

# The files in deploy, by the code of Helm, of the API of Kubernetes, of Docker Compose and of
# BuildKit. make test checks the units, by systemd-analyze, and runs the setting of Fly.io.
deploy-check: build
	go build -C tools -o ../bin/deploycheck ./deploycheck
	bin/deploycheck -louche bin/louche deploy

# docs/louche.schema.json, from the code and the tables of docs.
schema:
	go test -count=1 -run Published ./internal/configschema -update

# The site of the documentation, in bin/site, after a check of all links between pages. It
# works without a network: cd tools/site && npm run preview.
docs:
	testdata/install-npm tools/site
	cd tools/site && npm run --silent links && npm run --silent build

# The pages, from their sources. web/dist is committed: a build of the program needs no
# Node.js.
web:
	testdata/install-npm web
	cd web && npm run check && npm test && npm run build

web-check: web
	@test -z "$$(git status --porcelain web/dist)" || { git status web/dist; echo "web/dist is not what the sources in web build: commit the result of make web"; exit 1; }

# Against the machine's own Erlang, Elixir and Redis, with GraphQL clients of npm and in
# Chromium. Installs them if they are missing. go build shows progress, because a cold
# build takes minutes. The short chaos suite compares times, so it runs alone.
test:
	testdata/install-erlang
	testdata/install-npm testdata/clients
	testdata/install-browser
	testdata/install-redis
	testdata/install-checkers
	go build -race -v ./...
	go test -race -timeout $(TIMEOUT) $$(go list ./... | grep -v /test/chaos$$)
	go test -race -timeout $(TIMEOUT) ./test/chaos

# Against OTP 27 and 29 from newer Debian releases (root, on Debian). The race detector runs
# in make test alone: it doubles the time, and a release of OTP changes nothing for it.
test-matrix:
	testdata/install-otp-matrix $(OTP_MATRIX)
	testdata/install-npm testdata/clients
	testdata/install-redis
	TEST_BEAM_ROOT=$(OTP_MATRIX)/otp27 go test -count=1 -timeout $(TIMEOUT) $(MATRIX_FLAGS) $(BEAM_PACKAGES)
	TEST_BEAM_ROOT=$(OTP_MATRIX)/otp29 go test -count=1 -timeout $(TIMEOUT) $(MATRIX_FLAGS) $(BEAM_PACKAGES)

# The long form of the chaos suite (root): about an hour.
chaos:
	testdata/install-erlang
	TEST_CHAOS=long TEST_CHAOS_SOAK=$(SOAK) go test -count=1 -timeout 3h -v ./test/chaos

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l . ; echo "gofmt -w these files"; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	@echo godot && found=$$(go tool -modfile=tools/go.mod godot $$(git ls-files '*.go')) && test -z "$$found" || { echo "$$found"; exit 1; }
	go tool -modfile=tools/go.mod misspell -error -i nmae $$(git ls-files ':!testdata')
	@$(COMMITS) | awk 'length > 72 || !/^[^ ].*: [^ ].*[^. ]$$/ { print "commit subject, want \"package: what is true now\" in 72 columns: " $$0; bad = 1 } END { exit bad }'
	go build -C tools -o ../bin/gosec ./gosec
	bin/gosec $(GOSEC_FLAGS) $$(go list ./... | grep -v -e '/internal/[a-z]*test$$' -e '/test/')

# Known vulnerabilities of the dependencies. Not part of lint: it needs the Go project's
# server, and its result changes without a change of the code.
vulncheck:
	go tool -modfile=tools/go.mod govulncheck ./...

# Throughput, latency, CPU and thread switches beside :erpc.call and httputil.ReverseProxy,
# and beside Bandit with Absinthe.Plug where ERL_LIBS has them; draws docs/bench.svg. About
# 12 minutes; with BENCH=short one, without the drawing.
bench:
	testdata/install-erlang
	go test -run '^$$' -bench Candidates -timeout $(TIMEOUT) ./test/bench $(if $(filter short,$(BENCH)),,-chart $(CURDIR)/docs/bench.svg)

# Throughput and memory against connections, nodes, documents and the size of answers; draws
# docs/growth.svg. About 10 minutes; with BENCH=short one, without the drawing.
bench-growth:
	testdata/install-erlang
	go test -run '^$$' -bench Growth -timeout $(TIMEOUT) ./test/bench $(if $(filter short,$(BENCH)),,-chart $(CURDIR)/docs/growth.svg)

# Events of subscriptions, beside Phoenix channels where ERL_LIBS has Phoenix, absinthe_phoenix
# and Bandit. A minute.
bench-events:
	testdata/install-erlang
	go test -run '^$$' -bench Events -timeout $(TIMEOUT) ./test/bench

# The cost of every feature, the memory at rest and the time to listen, then the transcoder.
bench-features:
	testdata/install-erlang
	go test -run '^$$' -bench Features -timeout $(TIMEOUT) ./test/e2e
	go test -count=1 -v -run 'MemoryAtRest|TimeToListen' ./test/e2e
	go test -run '^$$' -bench . -benchmem $(if $(filter short,$(BENCH)),-benchtime 10ms) ./rpcclient/etf

# Pictures of the console in docs, light and dark. About two minutes.
screenshots:
	testdata/install-erlang
	testdata/install-npm testdata/clients
	testdata/install-browser
	go test -count=1 -run Screenshots ./test/e2e -screenshots $(CURDIR)/docs

# Every fuzz target for FUZZTIME.
fuzz:
	@for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package || exit 1; \
		done; \
	done
