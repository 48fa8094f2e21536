# What a test node runs: Logger on standard output, the fields that the tests
# ask for, Absinthe (the real one where it is on the code path, else its
# double) and a control connection back to the test.
#
# Environment:
#   TESTAPP_CONTROL  port on 127.0.0.1 where the test listens
#   TESTAPP_LOG      file to which the mutation `append` appends
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

Code.require_file("json.exs", __DIR__)
Code.require_file("fields.exs", __DIR__)
TestApp.Fields.start()

real_absinthe = Code.ensure_loaded?(Absinthe)

if real_absinthe do
  {:ok, _} = Application.ensure_all_started(:absinthe)
  Code.require_file("schema.exs", __DIR__)
else
  Code.require_file("absinthe_double.exs", __DIR__)
  Absinthe.load(Path.join(__DIR__, "golden"))
end

defmodule TestApp.Control do
  @moduledoc """
  Answers the test's requests to evaluate Elixir, one after another.

  A connection of its own, since a distribution connection would show in what
  the tests look at (`Node.list/1`), and standard output belongs to the
  application. When the test process is gone, however it went, so is the node.
  """

  def serve(port, greeting) do
    {:ok, socket} =
      :gen_tcp.connect({127, 0, 0, 1}, port, [:binary, packet: 4, active: false, nodelay: true])

    :ok = :gen_tcp.send(socket, greeting)
    loop(socket)
  end

  defp loop(socket) do
    case :gen_tcp.recv(socket, 0) do
      {:ok, source} ->
        :ok = :gen_tcp.send(socket, evaluate(source))
        loop(socket)

      {:error, _} ->
        System.halt(0)
    end
  end

  # The first byte says whether the rest is a value or an exception.
  defp evaluate(source) do
    {value, _bindings} = Code.eval_string(source)
    ["+", inspect(value, limit: :infinity, printable_limit: :infinity)]
  catch
    kind, reason -> ["-", Exception.format(kind, reason, __STACKTRACE__)]
  end
end

IO.puts("ready #{node()}")

TestApp.Control.serve(
  String.to_integer(System.fetch_env!("TESTAPP_CONTROL")),
  Enum.join([System.pid(), System.otp_release(), real_absinthe, node()], " ")
)
