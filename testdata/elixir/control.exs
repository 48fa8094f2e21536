defmodule TestApp.Control do
  @moduledoc """
  Evaluates Elixir for the test, one request after another.

  It has its own connection, because tests inspect distribution (`Node.list/1`) and the
  application owns standard output. The node ends with the test process.
  """

  def start(port, greeting), do: spawn_link(fn -> serve(port, greeting) end)

  defp serve(port, greeting) do
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

  # The first byte distinguishes values and exceptions.
  defp evaluate(source) do
    {value, _bindings} = Code.eval_string(source)
    ["+", inspect(value, limit: :infinity, printable_limit: :infinity)]
  catch
    kind, reason -> ["-", Exception.format(kind, reason, __STACKTRACE__)]
  end
end
