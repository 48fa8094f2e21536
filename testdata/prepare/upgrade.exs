defmodule Equality.Upgrade do
  @moduledoc "Schemas that are compiled again while their documents are kept."

  alias Equality.{Agent, Record}

  @schema Equality.Upgraded

  # Each version of the schema, and of the module of its types.
  @versions [
    {"field :a, :string, resolve: fn _, _, _ -> {:ok, \"one\"} end", "{:ok, {:one, input.value}}"},
    {"field :a, :string, resolve: fn _, _, _ -> {:ok, \"two\"} end", "{:ok, {:one, input.value}}"},
    {"field :a, :integer, resolve: fn _, _, _ -> {:ok, 3} end", "{:ok, {:one, input.value}}"},
    {"field :b, :string", "{:ok, {:one, input.value}}"},
    {"field :a, :string do\n arg :need, non_null(:integer)\n resolve fn _, _, _ -> {:ok, \"four\"} end\n end", "{:ok, {:two, input.value}}"},
    {"field :a, non_null(:string), resolve: fn _, _, _ -> {:ok, nil} end", ":error"}
  ]

  @documents [
    {"{ a }", %{}},
    {"{ a echo(t: 1) }", %{}},
    {"query($t: Typed, $l: Level, $at: DateTime) { echo(t: $t, l: $l, at: $at) }", %{"t" => 1, "l" => "LOW", "at" => "2026-01-31T12:00:00Z"}},
    {"{ __schema { queryType { fields { name type { name kind } } } } }", %{}},
    {"mutation { echo(t: 2) }", %{}}
  ]

  def run do
    Record.start(:terms)

    differences =
      for {{fields, parse}, version} <- Enum.with_index(@versions) do
        compile(fields, parse, version)
        # At once, from what the former version has kept.
        now = compare(version, "at once")
        again = for _ <- 1..4, do: compare(version, "again") |> tap(fn _ -> Agent.keep(@schema) end)
        # Only the module of the types is another.
        types(String.replace(parse, "input.value", "{input.value, :only}"), version + 100)
        [now, compare(version, "at once with other types") | again]
      end
      |> List.flatten()

    :telemetry.detach(Record)
    ways = Process.get(:ways) |> Enum.frequencies()
    IO.puts("upgrade: #{length(differences)} runs: #{inspect(ways)}")
    Enum.count(differences, & &1)
  end

  defp compile(fields, parse, version) do
    Code.put_compiler_option(:ignore_module_conflict, true)
    types(parse, version)

    Code.compile_string("""
    defmodule Equality.Upgraded do
      use Absinthe.Schema
      import_types Equality.UpgradedTypes
      import_types Absinthe.Type.Custom

      query do
        #{fields}
        import_fields :echoing
      end

      mutation do
        import_fields :echoing
      end

      def middleware(middleware, _, _), do: Equality.Seen.around(middleware, #{version})
    end
    """)

    {:ok, _, _, _} = Agent.load(@schema)
  end

  defp types(parse, version) do
    input = if parse =~ "input", do: "input", else: "_"
    {low, high} = if rem(version, 2) == 0, do: {"1", "2"}, else: {"2", "1"}

    Code.compile_string("""
    defmodule Equality.UpgradedTypes do
      use Absinthe.Schema.Notation

      scalar :typed do
        parse fn #{input} -> #{parse} end
        serialize & &1
      end

      enum :level do
        value :low, as: #{low}
        value :high, as: #{high}
      end

      object :echoing do
        field :echo, :string do
          arg :t, :typed
          arg :l, :level
          arg :at, :datetime
          resolve fn _, arguments, _ -> {:ok, inspect({#{version}, arguments})} end
        end
      end
    end
    """)
  end

  # Whether each document differs.
  defp compare(version, moment) do
    for {document, variables} <- @documents, tick <- 1..2 do
      options = [variables: variables, operation_name: nil]
      {before, own, others, _} = Record.run(tick, fn -> Absinthe.run(document, @schema, options ++ [context: %{}]) end)

      {outcome, own_now, others_now, phases} =
        Record.run(tick, fn -> Agent.run(document, @schema, options, %{}, document) end)

      outcome =
        case outcome do
          {:returned, {_, value}} -> {:returned, value}
          crashed -> crashed
        end

      Process.put(:ways, [{moment, Absinthe.Phase.Parse in phases} | Process.get(:ways, [])])
      different = {before, own, others} != {outcome, own_now, others_now}
      if different, do: IO.puts("DIFFERENT #{moment}, version #{version}: #{document}\n  #{inspect(before)}\n  #{inspect(outcome)}")
      different
    end
  end
end
