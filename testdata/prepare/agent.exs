defmodule Equality.Agent do
  @moduledoc "The agent, loaded as the gateway loads it."

  @sources System.get_env("AGENT", Path.join(__DIR__, "../../rpcclient/agent"))
  @source Enum.map_join(["agent.erl", "conn.erl"], &File.read!(Path.join(@sources, &1)))
  @loader File.read!(Path.join(@sources, "load.erl"))
  @name "louche_agent"

  def module do
    hash = Base.encode16(binary_part(:crypto.hash(:sha256, @source <> @loader), 0, 6), case: :lower)
    String.to_atom(@name <> "_" <> hash)
  end

  @doc "Loads the agent, or renews its lease. Returns what `renew/3` returns."
  def load(schema, words \\ 64_000_000) do
    {:ok, tokens, _} = :erl_scan.string(to_charlist(@loader))
    {:ok, expressions} = :erl_parse.parse_exprs(tokens)

    bindings = [
      Module: module(),
      Source: String.replace(@source, @name, Atom.to_string(module())),
      Arguments: [schema, 600_000, words]
    ]

    {:value, renewed, _} = :erl_eval.exprs(expressions, bindings)
    renewed
  end

  @doc "Has the owner keep what was offered to it, and waits until it has."
  def keep(schema) do
    send(module(), :replace)
    {:ok, _, _, _} = load(schema)
  end

  @doc "Drops everything that is kept."
  def restart(schema) do
    monitor = Process.monitor(module())
    if owner = Process.whereis(module()), do: Process.exit(owner, :kill)

    receive do
      {:DOWN, ^monitor, _, _, _} -> load(schema)
    end
  end

  def run(document, schema, options, context, text) do
    hash = :crypto.hash(:sha256, document)
    module().run(hash, text, schema, options, {:map, context}, [])
  end
end
