defmodule MyApp.Application do
  @moduledoc "An application with a schema, and without an HTTP server: the gateway is that."
  use Application

  @impl true
  def start(_type, _args) do
    Supervisor.start_link([MyApp.Visits], strategy: :one_for_one, name: MyApp.Supervisor)
  end
end
