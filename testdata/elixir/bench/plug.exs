defmodule Bench.Endpoint do
  @moduledoc "The schema of test/bench over HTTP, as an application serves it."

  use Plug.Builder

  plug Plug.Parsers, parsers: [:json, Absinthe.Plug.Parser], json_decoder: Jason
  plug :put_context
  plug Absinthe.Plug, schema: Bench.Schema, json_codec: Jason

  @doc "Starts Bandit on a free port, and returns the port."
  def start do
    Logger.configure(level: :info)
    for app <- [:plug, :bandit], do: {:ok, _} = Application.ensure_all_started(app)
    {:ok, server} = Bandit.start_link(plug: __MODULE__, ip: :loopback, port: 0, startup_log: false)
    Process.unlink(server)
    {:ok, {_address, port}} = ThousandIsland.listener_info(server)
    port
  end

  def put_context(conn, _) do
    [id] = get_req_header(conn, "x-user-id")
    Absinthe.Plug.put_options(conn, context: %{current_user_id: String.to_integer(id)})
  end
end
