# What a test node runs: Logger on standard output, the fields that the tests
# ask for, Absinthe (the real one where it is on the code path, else its
# double) and a control connection back to the test. compile.exs has put the
# modules on the code path.
#
# Environment:
#   TESTAPP_CONTROL  port on 127.0.0.1 where the test listens
#   TESTAPP_GOLDEN   folder of the golden cases
#   TESTAPP_NAME     node name, and TESTAPP_DOMAIN, longnames or shortnames
#   TESTAPP_LOG      file to which the mutation `append` appends
#   TESTAPP_PACE     milliseconds that the field `pace` takes
#
# Standard input and output are left alone: they are the application's own, as
# under a release.

# The same plain format for Elixir 1.14 (console backend) and 1.15 and later
# (default handler). Logger reads it when it starts, and runs already.
:ok = Application.stop(:logger)
format = [format: "[$level] $message\n"]
Application.put_env(:logger, :console, format)
Application.put_env(:logger, :default_formatter, format)
:ok = Application.start(:logger)

TestApp.Fields.start()

# Of Absinthe itself the double has a module of the same name.
real_absinthe = Code.ensure_loaded?(Absinthe.Resolution)

if real_absinthe,
  do: {:ok, _} = Application.ensure_all_started(:absinthe),
  else: Absinthe.load(System.fetch_env!("TESTAPP_GOLDEN"))

# Only now, so that whoever can connect can also call.
{:ok, _} =
  :net_kernel.start(String.to_atom(System.fetch_env!("TESTAPP_NAME")), %{
    name_domain: String.to_atom(System.fetch_env!("TESTAPP_DOMAIN"))
  })

IO.puts("ready #{node()}")

TestApp.Control.serve(
  String.to_integer(System.fetch_env!("TESTAPP_CONTROL")),
  Enum.join([System.pid(), System.otp_release(), real_absinthe, node()], " ")
)
