# Doubles of Plug and Absinthe.Plug for a code path without the real ones: what the plugs of
# TestApp and the agent of the gateway use.

defmodule Plug.Conn.Unfetched do
  @moduledoc false
  defstruct [:aspect]
end

defmodule Plug.Conn do
  @moduledoc "Double of `Plug.Conn`."

  alias Plug.Conn.Unfetched

  defstruct adapter: nil,
            assigns: %{},
            body_params: %Unfetched{aspect: :body_params},
            cookies: %Unfetched{aspect: :cookies},
            halted: false,
            host: "www.example.com",
            method: "GET",
            owner: nil,
            params: %Unfetched{aspect: :params},
            path_info: [],
            path_params: %{},
            port: 0,
            private: %{},
            query_params: %Unfetched{aspect: :query_params},
            query_string: "",
            remote_ip: nil,
            req_cookies: %Unfetched{aspect: :cookies},
            req_headers: [],
            request_path: "",
            resp_body: nil,
            resp_cookies: %{},
            resp_headers: [{"cache-control", "max-age=0, private, must-revalidate"}],
            scheme: :http,
            script_name: [],
            secret_key_base: nil,
            state: :unset,
            status: nil

  def get_req_header(conn, name), do: for({^name, value} <- conn.req_headers, do: value)
  def get_peer_data(%{adapter: {adapter, state}}), do: adapter.get_peer_data(state)
  def put_private(conn, key, value), do: put_in(conn.private[key], value)
  def halt(conn), do: %{conn | halted: true}
  def resp(conn, status, body), do: %{conn | status: status, resp_body: body, state: :set}
  def send_resp(conn, status, body), do: conn |> resp(status, body) |> send_resp()

  def send_resp(%{state: :set} = conn) do
    conn = Enum.reduce(conn.private[:before_send] || [], conn, & &1.(&2))

    cookies =
      for {name, cookie} <- Enum.sort(conn.resp_cookies), do: {"set-cookie", "#{name}=#{cookie.value}; path=/; HttpOnly"}

    conn = %{conn | resp_headers: conn.resp_headers ++ cookies}
    {adapter, state} = conn.adapter
    {:ok, body, state} = adapter.send_resp(state, conn.status, conn.resp_headers, conn.resp_body)
    send(conn.owner, {:plug_conn, :sent})
    %{conn | adapter: {adapter, state}, resp_body: body, state: :sent}
  end

  def put_resp_header(%{state: state} = conn, name, value) when state in [:unset, :set] do
    %{conn | resp_headers: List.keystore(conn.resp_headers, name, 0, {name, value})}
  end

  def put_resp_cookie(conn, name, value), do: put_in(conn.resp_cookies[name], %{value: value})

  def register_before_send(conn, callback) do
    put_private(conn, :before_send, [callback | conn.private[:before_send] || []])
  end

  def fetch_cookies(conn) do
    cookies =
      for line <- get_req_header(conn, "cookie"),
          pair <- String.split(line, "; "),
          [name, value] <- [String.split(pair, "=", parts: 2)],
          into: %{},
          do: {name, value}

    %{conn | req_cookies: cookies, cookies: cookies}
  end
end

defmodule Plug.Conn.Query do
  @moduledoc "Double of `Plug.Conn.Query`."

  def decode(query) do
    params = URI.decode_query(query)
    true = Enum.all?(params, fn {name, value} -> String.valid?(name <> value) end)
    params
  end
end

defmodule Plug.Conn.WrapperError do
  @moduledoc "Double of `Plug.Conn.WrapperError`, with which pipelines of Phoenix raise."
  defexception [:conn, :kind, :reason, :stack]
  def message(error), do: Exception.format_banner(error.kind, error.reason, error.stack)
end

defmodule Absinthe.Plug do
  @moduledoc "Double of `Absinthe.Plug`."

  def put_options(conn, options) do
    Plug.Conn.put_private(conn, :absinthe, Map.merge(conn.private[:absinthe] || %{}, Map.new(options)))
  end
end
