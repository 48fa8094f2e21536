defmodule Bench.Socket do
  @moduledoc "Subscriptions over Phoenix channels, as an application serves them."

  use Phoenix.Socket
  use Absinthe.Phoenix.Socket, schema: TestApp.Schema

  def connect(_params, socket, _info), do: {:ok, socket}
  def id(_socket), do: nil
end

defmodule Bench.PhoenixEndpoint do
  @moduledoc "An endpoint that serves `Bench.Socket`, and is the pubsub of the gateway as well."

  use Phoenix.Endpoint, otp_app: :bench
  use Absinthe.Phoenix.Endpoint

  socket "/socket", Bench.Socket, websocket: [check_origin: false]

  @doc "Starts the endpoint on a free port, and returns the port."
  def start do
    Logger.configure(level: :error)
    for app <- [:bandit, :phoenix_pubsub, :phoenix], do: {:ok, _} = Application.ensure_all_started(app)

    Application.put_env(:bench, __MODULE__,
      adapter: Bandit.PhoenixAdapter,
      http: [ip: {127, 0, 0, 1}, port: 0],
      server: true,
      pubsub_server: Bench.PubSub
    )

    children = [{Phoenix.PubSub, name: Bench.PubSub}, __MODULE__, {Absinthe.Subscription, __MODULE__}]
    {:ok, supervisor} = Supervisor.start_link(children, strategy: :one_for_one)
    Process.unlink(supervisor)
    {:ok, {_address, port}} = server_info(:http)
    port
  end
end
