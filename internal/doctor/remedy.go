package doctor

import (
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"syscall"

	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/internal/secret"
	"github.com/louche-graphql/louche/rpcclient/erldist"
)

// remedies are the first things to do after an error, the most specific error first.
var remedies = []struct {
	is     func(error) bool
	remedy string
}{
	{kind(discovery.ErrLookup), "correct discovery.dns, and compare with getent hosts NAME on this host"},
	{kind(discovery.ErrUnreachable), "start EPMD on that host (epmd -daemon; a release with RELEASE_DISTRIBUTION=name does), and let this host reach its port; releases without EPMD need discovery.port"},
	{kind(discovery.ErrMalformed), "another program has that port: correct discovery.epmd_port"},
	{kind(discovery.ErrNoMatch), "correct discovery.prefix, or start the application as a node: RELEASE_DISTRIBUTION=name and RELEASE_NODE=NAME@HOST"},
	{kind(discovery.ErrNotRegistered), "start that node, or correct its name in discovery.nodes; epmd -names lists those of a host"},
	{kind(discovery.ErrTooOld), "the node needs OTP 23 or later"},
	{kind(discovery.ErrTooMany), "raise discovery.max_nodes, or make discovery.prefix longer"},
	{kind(erldist.ErrCookie), "use the cookie of that node: copy releases/COOKIE of its release to node.cookie_file, or set RELEASE_COOKIE"},
	{kind(erldist.ErrAlive), "another gateway or command uses the same name: give each gateway its own node.name"},
	{kind(erldist.ErrNotAllowed), "the node accepts certain names only (net_kernel:allow/1): allow node.name there"},
	{kind(erldist.ErrFlags), "the node needs OTP 23 or later; or it uses TLS: set node.tls.ca_file; or another program has the port"},
	{kind(erldist.ErrProtocol), "the port belongs to another program, or the node uses TLS: set node.tls.ca_file"},
	{certificate, "set node.tls.ca_file to the authority of the nodes' certificates, and node.tls.server_name to the name in them"},
	{refusedCertificate, "the node requires a certificate of its own authority: set node.tls.cert_file and key_file"},
	{wrongMode, "run chmod 600 on the file, or chmod go-w if it has no secret"},
	{kind(secret.ErrUnset), "set the variable in the environment of the gateway, or write {file: PATH}"},
	{kind(fs.ErrNotExist), "create the file, or correct its path"},
	{kind(fs.ErrPermission), "let the user of the gateway read the file"},
	{kind(syscall.ECONNREFUSED), "start the program that should listen there, or correct the address"},
	{kind(context.DeadlineExceeded), "let this host reach that address: firewalls often block the ports of distribution, which -kernel inet_dist_listen_min and _max fix; a node that listens with TLS needs node.tls.ca_file"},
}

// remedyOf returns what to do after an error, or otherwise.
func remedyOf(err error, otherwise string) string {
	for _, r := range remedies {
		if r.is(err) {
			return r.remedy
		}
	}
	return otherwise
}

func wrongMode(err error) bool {
	_, ok := errors.AsType[*secret.ModeError](err)
	return ok
}

func kind(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

// certificate reports whether a certificate was refused.
func certificate(err error) bool {
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	return unknown || name || invalid
}

// refusedCertificate reports whether a node has refused the gateway's certificate, or that it
// has none.
func refusedCertificate(err error) bool {
	op, isOp := errors.AsType[*net.OpError](err)
	return isOp && op.Op == "remote error"
}
