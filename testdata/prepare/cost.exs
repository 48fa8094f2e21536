# The figures of docs/decisions/0020-prepare.md: run as README.md says, with `closures` or
# `replacements`.

defmodule Cost do
  @sources System.get_env("AGENT", Path.join(__DIR__, "../../rpcclient/agent"))

  # The compiled agent beside one of erl_eval closures, which keep the same documents.
  def closures do
    {:ok, _} = Application.ensure_all_started(:absinthe)
    Code.require_file("../elixir/bench/schema.exs", __DIR__)
    {:ok, forms} = :epp.parse_file(to_charlist(Path.join(@sources, "agent.erl")), [])
    {:ok, module, binary} = :compile.forms(forms)
    {:module, ^module} = :code.load_binary(module, ~c"agent.erl", binary)
    {:ok, _, _, _} = module.renew(Bench.Schema, 600_000, 8_000_000)

    local = {:value, fn name, arguments -> apply(:persistent_term.get({__MODULE__, name, length(arguments)}), arguments) end}

    for {:function, line, name, arity, clauses} <- forms do
      {:value, closure, _} = :erl_eval.expr({:fun, line, {:clauses, clauses}}, [], local)
      :persistent_term.put({__MODULE__, name, arity}, closure)
    end

    {:ok, tokens, _} = :erl_scan.string(~c"(persistent_term:get({'Elixir.Cost', run, 6}))(Hash, known, Schema, Options, Context, []).")
    {:ok, [call]} = :erl_parse.parse_exprs(tokens)

    for {name, document} <- [
          {"small", "{ session { user { id name email } } }"},
          {"with a variable", "query Q($name: String) { session { user { id name email } } hello(name: $name) }"}
        ] do
      hash = :crypto.hash(:sha256, document)
      context = {:map, %{current_user_id: 1}}
      options = fn i -> [variables: if(name == "small", do: %{}, else: %{"name" => "u#{i}"}), operation_name: nil] end
      for _ <- 1..2, do: module.run(hash, document, Bench.Schema, options.(0), context, [])
      send(module, :replace)
      {:ok, documents, words, _} = module.renew(Bench.Schema, 600_000, 8_000_000)
      IO.puts("#{documents} documents of #{words} words together are kept")

      closure = fn options ->
        bindings = [Hash: hash, Schema: Bench.Schema, Options: options, Context: context]
        {:value, {true, {:ok, _}}, _} = :erl_eval.expr(call, bindings)
      end

      compiled = fn options -> {true, {:ok, _}} = module.run(hash, :known, Bench.Schema, options, context, []) end

      compare(name, [
        {"Absinthe.run", fn i -> Absinthe.run(document, Bench.Schema, options.(i) ++ [context: elem(context, 1)]) end},
        {"compiled, other variables", fn i -> compiled.(options.(i)) end},
        {"closures, other variables", fn i -> closure.(options.(i)) end},
        {"compiled, same variables", fn _ -> compiled.(options.(0)) end},
        {"closures, same variables", fn _ -> closure.(options.(0)) end}
      ])
    end
  end

  # The best of nine rounds, in which the ways alternate.
  defp compare(title, ways) do
    rounds =
      for _ <- 1..9, {name, way} <- ways do
        {time, _} = :timer.tc(fn -> Enum.each(1..200, way) end)
        {name, time / 200}
      end

    for {name, _} <- ways do
      best = Enum.min(for {^name, time} <- rounds, do: time)
      IO.puts("#{title}: #{name}: #{Float.round(best, 1)} µs")
    end
  end

  # The node's CPU time of one replacement of a persistent term, by the number of its
  # processes, the words of the heap of each, and the entries of the term.
  def replacements do
    for processes <- [0, 1000, 10_000, 100_000], words <- [0, 2000], words == 0 or processes in [1000, 10_000], entries <- [1, 1000] do
      parent = self()

      pids =
        for _ <- 1..processes//1 do
          spawn(fn ->
            kept = Enum.to_list(1..div(words, 2)//1)
            :erlang.garbage_collect()
            send(parent, :ready)
            receive do: (:end -> kept)
          end)
        end

      for _ <- pids, do: receive(do: (:ready -> :ok))
      # A kept document with one variable has about 4,000 words.
      term = Map.new(1..entries, &{&1, Enum.to_list(1..2000)})
      idle = cpu(fn _ -> :ok end)
      {longest, busy} = {Enum.max(puts(term)), cpu(fn i -> :persistent_term.put(__MODULE__, {i, term}) end)}
      IO.puts("#{processes} processes of #{words} words, #{entries} entries: #{busy - idle} µs of CPU, put takes #{longest} µs")
      :persistent_term.erase(__MODULE__)
      for pid <- pids, do: send(pid, :end)
    end
  end

  defp puts(term), do: for(i <- 1..5, do: elem(:timer.tc(fn -> :persistent_term.put(__MODULE__, {i, term}) end), 0))

  # µs of CPU of each of 20 runs, with the time in which processes are scanned.
  defp cpu(run) do
    Process.sleep(500)
    {before, _} = :erlang.statistics(:runtime)

    for i <- 1..20 do
      run.(i)
      Process.sleep(100)
    end

    {now, _} = :erlang.statistics(:runtime)
    div((now - before) * 1000, 20)
  end
end

for name <- System.argv(), do: apply(Cost, String.to_existing_atom(name), [])
