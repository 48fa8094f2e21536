defmodule Equality.Documents do
  @moduledoc "What is compared: see the units of `Equality`."

  alias Equality.{Complex, Context, Contract, Crashing, Datetime, Directives, Inputs, Other, Plugins, Published}

  @plug %{uploads: %{}, adapter: Plug.Cowboy.Conn}
  @contexts [%{}, %{user: 3, tenant: "a", must: "is"}, %{user: 8, tenant: "b", __absinthe_plug__: @plug}]

  @doc "Documents for the schemas of `schemas.exs`, by group."
  def hostile do
    [
      {"inputs", units(Inputs, inputs())},
      {"datetime", units(Datetime, datetime())},
      {"context", units(Context, context())},
      {"complexity", units(Complex, complex(), options: [[], [analyze_complexity: true, max_complexity: 20], [analyze_complexity: true, max_complexity: 400]])},
      {"directives", units(Directives, directives())},
      {"plugins", units(Plugins, plugins(), contexts: @contexts ++ [%{refused: true}, %{crash_after: true}])},
      {"crashing", units(Crashing, crashing(), contexts: @contexts ++ [%{kind: "raise"}, %{kind: "unknown"}, %{kind: 1}]) ++ units(Other, crashing())},
      {"published", units(Published, published(), contexts: [%{pubsub: Equality.PubSub}, %{}])},
      {"contract", units(Contract.Schema, contract(), options: [[], [root_value: %{id: "root"}], [analyze_complexity: true, max_complexity: 3]])},
      {"defaults", units(Contract.Schema, defaults())},
      {"token limit", units(Contract.Schema, contract(), options: [[token_limit: 25]])}
    ]
  end

  @doc "Documents of a file in the form of `testdata/contract/verdicts.jsonl`."
  def corpus(file) do
    file |> File.stream!() |> Stream.with_index() |> Stream.flat_map(fn {line, at} -> corpus(JSON.decode!(line), at) end)
  end

  defp corpus(%{"query" => document} = asked, at) do
    variables = asked["variables"] || %{}

    others =
      if String.contains?(document, "$") do
        [changed(variables, document, at), %{}]
      else
        [Map.put(variables, "unknown", at)]
      end

    for operation <- operations(asked["operation"], document, at) do
      cases = for {variables, index} <- Enum.with_index([variables | others] ++ [variables]), do: corpus_case(variables, index, at)
      %{name: asked["name"], document: document, schema: Contract.Schema, operation: operation, cases: cases}
    end
  end

  defp corpus_case(variables, index, at) do
    options = Enum.at([[], [analyze_complexity: true, max_complexity: rem(at, 9)], [root_value: %{at: at}]], rem(index + at, 5)) || []
    %{variables: variables, context: Enum.at(@contexts, rem(index, 3)), tick: index, options: options}
  end

  defp operations(named, document, at) do
    if rem(at, 4) == 0 and String.contains?(document, ["A", "B"]),
      do: Enum.uniq([named, Enum.at(["A", "B", "Nope"], rem(div(at, 4), 3))]),
      else: [named]
  end

  @values [nil, 1, 1.5, "text", true, "RED", [], [1], [nil], %{}, %{"name" => "a"}, %{"nope" => 1}] ++
            [12_345_678_901, -1, "", "NOPE", [["RED"]], %{"must" => "m", "old" => nil}, 99_999_999_999_999_999_999, false, [%{}]]

  # One variable is another value, or absent.
  defp changed(variables, document, at) do
    names = Regex.scan(~r/\$(\w+)/, document) |> Enum.map(&List.last/1) |> Enum.uniq()
    name = Enum.at(names, rem(at, length(names)))

    case Enum.at(@values, rem(at, length(@values) + 3), :absent) do
      :absent -> Map.delete(variables, name)
      value -> Map.put(variables, name, value)
    end
  end

  # {document, variables, operation names}
  defp units(schema, documents, more \\ []) do
    contexts = Keyword.get(more, :contexts, @contexts)
    options = Keyword.get(more, :options, [[]])

    for {document, index} <- Enum.with_index(documents),
        {text, variables, operations} = normal(document),
        operation <- operations do
      %{name: "#{index}", document: text, schema: schema, operation: operation, cases: cases(variables, contexts, options)}
    end
  end

  defp normal(text) when is_binary(text), do: {text, [%{}], [nil]}
  defp normal({text, variables}), do: {text, variables, [nil]}
  defp normal({text, variables, operations}), do: {text, variables, operations}

  # Each case comes again with another tick.
  defp cases(variables, contexts, options) do
    cases = for variables <- variables, context <- contexts, options <- options, do: {variables, context, options}

    for {{variables, context, options}, tick} <- Enum.with_index(cases ++ cases) do
      %{variables: variables, context: context, options: options, tick: tick}
    end
  end

  defp inputs do
    one = fn argument, type, values ->
      {"query($x: #{type}) { echo(#{argument}: $x) }", Enum.map(values, &%{"x" => &1}) ++ [%{}, %{"y" => 1}]}
    end

    page = %{"limit" => 3, "tenant" => "t", "ticking" => "k", "at" => "2026-01-31T12:00:00Z", "level" => "LOW", "levels" => ["HIGH"]}

    [
      "{ echo }",
      ~s|{ echo(tenant: "x") }|,
      ~s|{ echo(tenant: "refused") }|,
      ~s|{ echo(ticking: "x", odd: "y") }|,
      ~s|{ echo(odd: "y") }|,
      ~s|{ a: echo(ticking: 1) b: echo(ticking: 1) ...F } fragment F on RootQueryType { c: echo(ticking: 1, tenants: ["u", "v"]) }|,
      ~s|{ echo(tickings: [["a", null], "b"]) }|,
      ~s|{ echo(input: {a: [1, {b: null}], c: "d"}, inputs: [1, 2.5, "x", true, null]) }|,
      one.("input", "Input", [nil, 1, 1.0, "s", true, [1], %{"a" => %{"b" => [1, nil]}}]),
      one.("inputs", "[Input]", [nil, 1, [1, "s"], [%{"a" => 1}]]),
      one.("fussy", "Fussy", ["raise", "throw", "exit", "no", "why", "kill me", "refused as nil", "fine", 1, nil]),
      ~s|{ echo(fussy: "raise") }|,
      ~s|{ echo(fussy: "throw") }|,
      ~s|{ echo(fussy: "exit") }|,
      ~s|{ echo(fussy: "no") x: echo(fussy: "why") }|,
      ~s|{ echo(fussy: "refused as nil") }|,
      ~s|{ echo(fussy: null) }|,
      ~s|query($x: Fussy = "raise") { echo(fussy: $x) }|,
      one.("tenant", "TenantID", ["x", "refused", nil, 1]),
      one.("tenant", "TenantID = \"refused\"", ["x", nil]),
      one.("tenants", "[TenantID!]", [["x", "y"], "x", [nil], ["refused"], []]),
      one.("tickings", "[[Ticking]]", [[["a", "b"], []], "a", ["a"], nil, [nil]]),
      one.("odd", "OddTicks", ["x", nil]),
      one.("level", "Level", ["LOW", "HIGH", "NULL", "OLD", "low", "NOPE", 1, nil, true]),
      one.("level", "Level = HIGH", ["LOW", nil]),
      one.("levels", "[Level]", [["LOW", "NULL"], "HIGH", [nil], ["NOPE"], %{}]),
      one.("page", "Page", [%{}, page, %{"inside" => page}, %{"many" => [page, page]}, %{"nope" => 1}, %{"must" => nil}, nil, 1, [page]]),
      one.("page", "Page = {limit: 4, ticking: 1}", [%{}, nil]),
      one.("pages", "[Page!]", [[%{}, page], page, [nil], []]),
      one.("at", "DateTime", ["2026-01-31T12:00:00+02:00", "no time", nil, 1]),
      one.("naive", "NaiveDateTime", ["2026-01-31T12:00:00", "no time"]),
      one.("on", "Date", ["2026-01-31", "2026-02-31"]),
      one.("time", "Time", ["12:00:00", "25:00:00"]),
      one.("amount", "Decimal", ["1.50", 1, 1.5, "NaN", "x", nil]),
      one.("int", "Int", [1, 1.0, "1", nil, 2_147_483_648, 9_007_199_254_740_992, -1]),
      one.("float", "Float", [1, 1.0, "1.0", nil, 1.0e300]),
      one.("string", "String", ["", 1, nil, "é☃😀"]),
      one.("string", "String = \"other\"", ["x", nil]),
      one.("string", "String = null", ["x", nil]),
      one.("id", "ID", [1, "a", 1.5, nil]),
      one.("flag", "Boolean", [true, "true", nil]),
      one.("ints", "[Int!]", [[1, 2], 1, [1, nil], ["x"], nil]),
      one.("ints", "[Int!] = [1, 2]", [[3], nil]),
      one.("ints", "[Int]", [[1, nil]]),
      one.("must", "String!", ["x", nil]),
      one.("must", "String", ["x", nil]),
      one.("must", "Int", [1]),
      one.("old", "String", ["x"]),
      {"query($a: Int, $b: String, $p: Ticking, $t: TenantID) { echo(page: {limit: $a, after: $b, ticking: $p, inside: {tenant: $t, levels: [LOW]}}, pages: [{limit: $a}, {many: {limit: $a}}]) }",
       [%{}, %{"a" => 1}, %{"a" => nil, "b" => nil}, %{"a" => 1, "b" => "x", "p" => 5, "t" => "t"}, %{"t" => "refused"}, %{"a" => "x"}]},
      {"query($l: [Level!]! = [HIGH], $x: Level!) { echo(levels: $l, level: $x) b: echo(levels: [$x, LOW]) }",
       [%{"x" => "LOW"}, %{"x" => "HIGH", "l" => ["OLD"]}, %{"x" => nil}, %{"x" => "LOW", "l" => nil}]},
      "{ required }",
      ~s|{ required(int: 1, ints: [], level: LOW, page: {}, at: "2026-01-31T12:00:00Z") }|,
      {"query($i: Int!, $is: [Int!]!, $l: Level!, $p: Page!, $at: DateTime!) { required(int: $i, ints: $is, level: $l, page: $p, at: $at) }",
       [%{}, %{"i" => 1, "is" => [1], "l" => "LOW", "p" => page, "at" => "2026-01-31T12:00:00Z"}, %{"i" => 1, "is" => 1, "l" => "LOW", "p" => %{}, "at" => "no time"}]},
      {"query A($x: Ticking) { echo(ticking: $x) } query B($x: TenantID) { echo(tenant: $x) }",
       [%{}, %{"x" => "x"}, %{"x" => "refused"}], ["A", "B", nil, "", "Nope"]},
      {"query($x: String) { echo(string: $x) ...F @include(if: $y) } fragment F on RootQueryType { echo }", [%{"y" => true}]},
      {"query($x: Nope) { echo(string: $x) }", [%{"x" => 1}]},
      {"query($x: Page) { echo(string: $x) }", [%{"x" => page}]},
      "{ echo(nope: 1) }",
      ~s|{ echo(string: """\n  block\n    text "quoted"\n""") }|,
      "# comment\n{ # another\n echo(string: \"é☃😀 \\u00e9 \\n\"),,, }\n# end",
      "\uFEFF{ echo }",
      "{ echo(string: \"\xff\") }",
      "",
      "{",
      "{ echo(int: 99999999999999999999999) }",
      "{ echo(int: 1.5, float: 1) }",
      "{ __typename __schema { types { name kind fields(includeDeprecated: true) { name args { name defaultValue type { name ofType { name } } } } } } }",
      {"query($n: String!, $d: Boolean) { __type(name: $n) { name fields(includeDeprecated: $d) { name } enumValues(includeDeprecated: $d) { name isDeprecated deprecationReason } inputFields { name defaultValue } } }",
       [%{"n" => "Level"}, %{"n" => "Level", "d" => true}, %{"n" => "Page"}, %{"n" => "Nope"}, %{}]}
    ]
  end

  defp datetime do
    [
      ~s|{ echo(at: "2026-01-31T12:00:00Z", amount: "1") }|,
      {"query($a: DateTime, $d: Decimal, $i: Int) { echo(at: $a, amount: $d, int: $i) }",
       [%{}, %{"a" => "x", "d" => 1, "i" => 1}, %{"a" => nil, "d" => "y"}]}
    ]
  end

  defp context do
    ["{ node { info } }", "{ node { node { node { info x: info } } } }", "{ node { nope } }", {"query($x: Boolean!) { node { info @skip(if: $x) } }", [%{"x" => true}, %{"x" => false}, %{}]}]
  end

  defp complex do
    [
      "{ item { id } }",
      "{ item { cheap byUser } }",
      "{ item { byTick } }",
      "{ item { wrong } }",
      "{ item { crash } }",
      ~s|{ item(tenant: "x") { items { items { id info } } } }|,
      {"query($n: Int) { item { items(first: $n) { items(first: $n) { byUser ...F } } } } fragment F on Item { id byTick info }",
       [%{}, %{"n" => 1}, %{"n" => 5}, %{"n" => nil}, %{"n" => -1}, %{"n" => "x"}]},
      {"query($p: Page, $t: Boolean = true) { item { items(page: $p) { info } ... on Item @include(if: $t) { byUser } } }", [%{}, %{"p" => %{"ticking" => 1}}, %{"t" => false}]}
    ]
  end

  defp directives do
    flags = for a <- [true, false, nil], b <- [true, false], do: %{"a" => a, "b" => b}

    [
      "{ info @everyOther }",
      "{ thing @everyOther { info } x: thing { ... @everyOther { info } ...F @everyOther } } fragment F on Thing { y: info }",
      ~s|query @noted(ticking: 1) { info @noted(tenant: "x") thing { ...F @noted(level: HIGH) } } fragment F on Thing @noted { info }|,
      {"query($x: TenantID, $t: Ticking, $l: Level) @noted(level: $l) { info @noted(tenant: $x, ticking: $t) }",
       [%{}, %{"x" => "x", "t" => "t", "l" => "HIGH"}, %{"x" => "refused"}, %{"l" => "NOPE"}]},
      ~s|{ info @renamed(to: "other") }|,
      {"query($x: String!) { info @renamed(to: $x) }", [%{"x" => "a"}, %{"x" => "b"}, %{}]},
      {"query($x: Int!) { info @costs(n: $x) }", [%{"x" => 1}, %{"x" => 100}]},
      ~s|{ info(s: "x") @filled @twice(n: 1) @twice(n: 2) thing { info @filled } }|,
      "{ thing @emptied { a: info b: info } }",
      "query @emptied { thing { a: info } info }",
      "{ info @fails }",
      ~s|query @inert(s: "x") { info @inert }|,
      "{ info @nope }",
      "{ info @inert @inert }",
      "{ info @skip(if: true) @skip(if: false) }",
      {"query($a: Boolean = true, $b: Boolean!) { info @skip(if: $a) thing @include(if: $b) { info @skip(if: $b) ...F @include(if: $a) } } fragment F on Thing { x: info @include(if: $b) ... @skip(if: $a) { y: info } ...G @skip(if: $b) } fragment G on Thing { z: info }", flags},
      {"query($a: Boolean!) { info @skip(if: $a) @include(if: $a) @everyOther @noted(ticking: 2) }", flags},
      "{ info @skip }",
      "{ info @skip(if: 1) }",
      {"mutation($x: Ticking) @noted(ticking: $x) { info @noted(ticking: $x) b: info @everyOther }", [%{}, %{"x" => 1}]},
      {"query A { info @everyOther } mutation B { info @noted(ticking: 1) }", [%{}], ["A", "B", nil]}
    ]
  end

  defp plugins do
    [
      "{ users { id } }",
      "{ users(first: 3) { score loaded posts { title author { id score loaded info } } } }",
      "{ users { lateError id } }",
      "{ users { batchCrash } }",
      "{ users { at wrongAt } }",
      {"query($n: Int, $m: Int, $l: Boolean = true) { users(first: $n) { posts(n: $m) { title author { loaded @include(if: $l) posts(n: 1) { title } } } } }",
       [%{}, %{"n" => 1}, %{"n" => 3, "m" => 0}, %{"m" => 1, "l" => false}, %{"n" => 0}, %{"n" => "x"}]}
    ]
  end

  defp crashing do
    ways = ["raise", "error", "throw", "exit", "normal", "clause", "survive"]

    Enum.map(ways, &~s|{ crash(how: "#{&1}") }|) ++
      Enum.map(ways, &~s|mutation { a: count crash(how: "#{&1}") b: count }|) ++
      [
        {"query($how: String!) { crash(how: $how) }", Enum.map(ways, &%{"how" => &1})},
        {"mutation($how: String) { a: count crash(how: $how) b: count }", Enum.map(ways, &%{"how" => &1}) ++ [%{}, %{"how" => 1}]},
        "mutation { a: count b: count must c: count }",
        {"mutation A { count } query B { errors } subscription C { renamed { name } }", [%{}], ["A", "B", "C", nil, "D"]},
        "{ errors nothing }",
        "{ errors }",
        "{ wrong }",
        "{ bare }",
        {"query($k: String) { named(kind: $k) { __typename name ... on Person { must mustBe { must name } } ... on Robot { serial } ...P } } fragment P on Person { m: must }",
         Enum.map(["person", "robot", "raise", "unknown", nil], &%{"k" => &1})},
        "{ anything { __typename ... on Named { name } ... on Person { must } ... on Robot { serial } } }",
        "subscription { renamed { name } }",
        {"subscription($x: ID) { renamed(id: $x) { name } }", [%{}, %{"x" => 1}]},
        "{ crash } query B { errors }",
        "{ __schema { queryType { name } subscriptionType { fields { name } } } __typename }"
      ]
  end

  defp published do
    [
      "subscription { renamed }",
      {"subscription($r: Boolean) { renamed(refused: $r) }", [%{}, %{"r" => true}, %{"r" => "x"}]},
      {"mutation($n: String) { rename(name: $n) a: rename }", [%{"n" => "N"}, %{}, %{"n" => 1}]},
      {"mutation A { rename } subscription B { renamed } query C { hello }", [%{}], ["A", "B", "C", nil]},
      "subscription { renamed x: renamed }"
    ]
  end

  # What is wrong in a default value, or only with a variable.
  defp defaults do
    given = %{"name" => "given"}

    for default <- ["{name: \"a\", name: \"b\"}", "{nope: 1}", "{name: 1}", "{inner: {}}", "{inner: {must: \"m\", must: \"n\"}}", "{color: NOPE}", "{self: {nope: {nope: 1}}}"] ++
                     ["{snake_case: \"a\", snakeCase: \"b\"}", "null", "[]", "{inners: {must: \"m\", nope: 1}}", "{any: {a: 1, a: 2}}"] do
      {"query($f: Filter = #{default}, $c: Boolean!) { echo(filter: $f) @skip(if: $c) b: echo(filters: [$f]) x: echo(filter: {self: $f}) }",
       [%{"f" => given, "c" => false}, %{"c" => false}, %{"c" => true}, %{"f" => nil, "c" => true}, %{"f" => %{"self" => given}, "c" => false}] ++
         [%{"f" => %{"snake_case" => "a", "snakeCase" => "b"}, "c" => false}, %{"f" => %{"nope" => 1}, "c" => false}, %{"f" => %{"inners" => [%{"nope" => 1}]}, "c" => false}] ++
         [%{"f" => %{"any" => %{"a" => 1, "A" => 2}}, "c" => false}, %{"f" => %{"self" => %{"name" => 1, "Name" => "x"}}, "c" => false}]}
    end
  end

  defp contract do
    [
      "{ hello }",
      "{ hello, manyWords many_words: hello }",
      "query A { hello } query B { manyWords }",
      {"query A { hello } query B { manyWords }", [%{}], ["A", "B", "C", "", nil]},
      {"query A($x: ID!) { person(id: $x) { ...P friends { ...P } } } fragment P on Person { id name friends { name } }", [%{"x" => 1}, %{"x" => "y"}, %{}], ["A", nil]},
      {"mutation($x: ID!) { rename(id: $x, name: null) { id name } }", [%{"x" => 1}, %{}]},
      "{ node { id ... on Robot { serial } ... on Person { height(unit: \"m\") } } being { ... on Named { name } } named { __typename } lonely { x } }",
      ~s|{ echo(filter: {name: "a", self: {self: {count: 1, matrix: [[1], 2]}}, inners: {must: "m", old: ""}}, cs: RED, ms: 1) }|,
      {"query($f: Filter, $fs: [Filter]) { echo(filter: $f, filters: $fs) }",
       [%{}, %{"f" => %{"name" => "a", "inner" => %{"must" => "m", "old" => "o"}}, "fs" => %{"count" => 1}}, %{"f" => %{"inner" => %{}}}, %{"f" => %{"any" => %{"a" => [1]}, "snakeCase" => "s"}}, %{"f" => %{"snake_case" => "s"}}]},
      "{ city { mayor { friends { friends { friends { id } } } } } }",
      "{ " <> Enum.map_join(1..20, " ", &"a#{&1}: echo(i: #{&1})") <> " }",
      "{ ...A } fragment A on RootQueryType { ...B } fragment B on RootQueryType { ...A }",
      "{ __type(name: \"Filter\") { inputFields { name type { name kind ofType { name } } defaultValue } } }"
    ]
  end

  @doc "The recorded cases of `testdata/golden`, with their contexts."
  def golden do
    for line <- File.stream!(Path.join(__DIR__, "../golden/absinthe-1.11.jsonl")), asked = JSON.decode!(line) do
      context = asked["context_etf"] |> Base.decode64!() |> :erlang.binary_to_term()
      variables = asked["variables"] || %{}

      cases =
        for {variables, tick} <- Enum.with_index([variables, changed_golden(variables), variables]), context <- [context, %{}] do
          %{variables: variables, context: context, options: [], tick: tick}
        end

      %{name: asked["name"], document: asked["query"], schema: TestApp.Schema, operation: asked["operation_name"], cases: cases}
    end
  end

  defp changed_golden(variables), do: Map.new(variables, fn {name, _} -> {name, %{"other" => 1}} end)

  def define_golden do
    for file <- ~w(json gateway fields schema), do: Code.require_file("../elixir/#{file}.exs", __DIR__)
  end
end
