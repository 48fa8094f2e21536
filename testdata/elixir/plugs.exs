defmodule TestApp.Context do
  @moduledoc "A plug that builds the context, as in Absinthe's guide."

  import Plug.Conn

  def init(options), do: options

  def call(conn, []) do
    case get_req_header(conn, "authorization") do
      [] -> conn
      ["Bearer nobody"] -> conn |> put_resp_header("X-Reason", "unknown") |> put_resp_header("x-secret", "hidden") |> send_resp(401, "who?") |> halt()
      ["Bearer locked"] -> conn |> put_resp_cookie("session", "gone") |> put_resp_cookie("other", "kept") |> put_resp_header("content-type", "application/json") |> resp(403, ~s({"locked":true})) |> halt()
      ["Bearer sent"] -> send_resp(conn, 429, "sent, and not halted")
      ["Bearer silent"] -> halt(conn)
      ["Bearer " <> user] -> Absinthe.Plug.put_options(conn, context: %{current_user: user})
    end
  end
end

defmodule TestApp.Router do
  @moduledoc "Function plugs, such as the pipelines of Phoenix routers, and what else Absinthe.Plug calls."

  import Plug.Conn

  @doc "The context is the request."
  def request(conn, _) do
    conn = fetch_cookies(conn)

    fields = [:method, :scheme, :host, :port, :request_path, :path_info, :query_string, :remote_ip, :req_headers, :body_params, :params, :query_params, :req_cookies, :secret_key_base, :private]
    Absinthe.Plug.put_options(conn, context: Map.put(Map.take(conn, fields), :peer, get_peer_data(conn).address))
  end

  @doc "Raises as a pipeline of Phoenix does."
  def wrapped(conn, _) do
    raise Plug.Conn.WrapperError, conn: conn, kind: :error, reason: %RuntimeError{message: "no database"}, stack: []
  end

  def mismatch(conn, _), do: :ok = conn

  @doc "Sets options of Absinthe, and a header in a callback."
  def options(conn, _) do
    conn
    |> Absinthe.Plug.put_options(analyze_complexity: true, max_complexity: 1)
    |> register_before_send(&put_resp_header(&1, "x-registered", Integer.to_string(&1.status)))
  end

  def absinthe_before_send(conn, %{execution: %{context: context}, result: result}) do
    conn
    |> put_resp_cookie("user", context[:current_user] || "nobody")
    |> put_resp_cookie("other", "kept")
    |> put_resp_header("x-result", Enum.map_join(result, " ", &elem(&1, 0)))
    |> put_resp_header("x-secret", "hidden")
  end

  def crashing_before_send(_conn, _blueprint), do: raise("after the operation")

  @doc "For the option `pipeline` of Absinthe.Plug."
  def pipeline(%{schema_mod: schema, conn_private: %{http_method: "POST"}} = config, options) do
    true = config.context == options[:context]
    Absinthe.Pipeline.for_document(schema, options) ++ [{TestApp.Phase, say: "a phase"}]
  end
end

defmodule TestApp.Endpoint do
  @moduledoc "What a Phoenix endpoint has for sessions."
  def config(:secret_key_base), do: "the key of the endpoint"
  def subscribe(_topic), do: :ok
end

defmodule TestApp.Phase do
  @moduledoc "A phase of the application."
  def run(blueprint, say: text), do: {:ok, put_in(blueprint.result[:extensions], %{"said" => text})}
end
