# A double of Absinthe for a code path without the real one. It executes no GraphQL: it
# replays recorded answers (testdata/golden), and calls the fields of TestApp.Fields.

defmodule Absinthe do
  @moduledoc "Double of `Absinthe.run/3`."

  alias TestApp.{Fields, JSON}

  @doc "Reads the golden cases in `folder`. Call once, before `run/3`."
  def load(folder) do
    cases =
      for line <- File.stream!(Path.join(folder, "absinthe-1.11.jsonl")), into: %{} do
        recorded = JSON.read(line)

        {{recorded["query"], recorded["variables"], recorded["operation_name"],
          decode(recorded["context_etf"])}, decode(recorded["result_etf"])}
      end

    introspection = File.read!(Path.join(folder, "introspection-result.etf"))

    :persistent_term.put(__MODULE__, %{
      cases: cases,
      introspection: :erlang.binary_to_term(introspection),
      sdl: folder |> Path.join("schema.graphql") |> File.read!() |> with_fields()
    })
  end

  @doc "Runs a document through `Absinthe.Pipeline`."
  def run(document, TestApp.Schema = schema, options) when is_binary(document) do
    {:ok, %{result: result}, _} =
      Absinthe.Pipeline.run(document, Absinthe.Pipeline.for_document(schema, options))

    {:ok, result}
  end

  def run(document, Bench.Schema = schema, options), do: schema.answer(document, options)

  @doc """
  Returns the golden case of exactly (`===`) this document, these variables, this
  operation name and this context. Without one it runs the document, if it selects
  only fields of `TestApp.Fields`.
  """
  def resolve(document, options, context) do
    recorded = :persistent_term.get(__MODULE__)

    case Map.fetch(recorded.cases, key(document, options, context)) do
      {:ok, result} ->
        result

      :error ->
        cond do
          document =~ "__schema" -> recorded.introspection
          document =~ ~r/\A\s*subscription\b.*\bevent\s*\(/s -> Absinthe.Subscription.run(document, options, context)
          true -> run_fields(document, options[:variables], context)
        end
    end
  end

  def recorded?(document, options) do
    cases = :persistent_term.get(__MODULE__).cases
    Map.has_key?(cases, key(document, options, options[:context]))
  end

  # Keys of a map are compared by ===: 1 does not match 1.0.
  defp key(document, options, context) do
    {document, options[:variables], options[:operation_name], context}
  end

  # The schema as it is with the fields of TestApp.Fields.
  defp with_fields(sdl) do
    sdl
    |> String.replace("type RootQueryType {\n", """
    type RootQueryType {
      sleep(ms: Int!): Boolean
      hang(in: String!): Boolean
      pace: Boolean
      raise(message: String): String
      throw: String
      exit: String
      kill: String
      log(message: String!): Boolean
      print(message: String!): Boolean
      large(bytes: Int!): [String]
      contextText: String
      contextIs(term: String!): Boolean
      echoText(text: String): String
      pidText: String
      badTerm: Json
      counter: Int
    """)
    |> String.replace("type RootMutationType {\n", """
    type RootMutationType {
      append(id: String!): Boolean
      pace: Boolean
      upload(file: Upload, files: [Upload], ms: Int): Json
    """)
    |> Kernel.<>("\nscalar Upload\n")
  end

  @doc false
  def sdl, do: :persistent_term.get(__MODULE__).sdl

  defp decode(base64), do: base64 |> Base.decode64!() |> :erlang.binary_to_term()

  # Supports the documents of the tests: one operation, a flat selection, and integers,
  # strings or variables as arguments.
  defp run_fields(document, variables, context) do
    string = ~S/"(?:[^"\\]|\\.)*"/

    with [_, operation, selection] <-
           Regex.run(~r/\A\s*(query|mutation)?[^{}]*\{(.*)\}\s*\z/s, document),
         fields =
           Regex.scan(~r/(?:(\w+)\s*:\s*)?(\w+)\s*(\((?:#{string}|[^)"])*\))?/s, selection),
         true <- Enum.all?(fields, fn [_, _, name | _] -> known?(operation, name) end) do
      data =
        for [_, alias, name | arguments] <- fields, into: %{} do
          arguments =
            for [_, argument, value] <-
                  Regex.scan(~r/(\w+)\s*:\s*(#{string}|-?\d+|\$\w+|null)/s, Enum.join(arguments)),
                into: %{},
                do: {argument, argument(value, variables)}

          {if(alias == "", do: name, else: alias), field(name, arguments, context)}
        end

      {:ok, %{data: data}}
    else
      _ ->
        message =
          "no golden case for #{inspect(document)}, variables #{inspect(variables)}, " <>
            "context #{inspect(context)}"

        {:ok, %{errors: [%{message: message, locations: []}]}}
    end
  end

  # As the scalar of Absinthe.Plug.Types looks it up.
  defp upload(nil, _context), do: nil
  defp upload(key, context), do: Map.fetch!(context[:__absinthe_plug__].uploads, key)

  defp argument("$" <> name, variables), do: variables[name]
  defp argument(literal, _variables), do: JSON.read(literal)

  @queries ~w(sleep hang pace raise throw exit kill log print large contextText contextIs echoText pidText badTerm counter echo)

  defp known?("mutation", name), do: name in ~w(append pace upload)
  defp known?(_query, name), do: name in @queries

  defp field("sleep", %{"ms" => ms}, _), do: Fields.sleep(ms)
  defp field("hang", %{"in" => place}, _), do: Fields.hang(place)
  defp field("pace", _, _), do: Fields.pace()
  defp field("raise", arguments, _), do: Fields.raise(arguments["message"])
  defp field("throw", _, _), do: Fields.throw()
  defp field("exit", _, _), do: Fields.exit()
  defp field("kill", _, _), do: Fields.kill()
  defp field("log", %{"message" => message}, _), do: Fields.log(message)
  defp field("print", %{"message" => message}, _), do: Fields.print(message)
  defp field("large", %{"bytes" => bytes}, _), do: Fields.large(bytes)
  defp field("contextText", _, context), do: Fields.context_text(context)
  defp field("contextIs", %{"term" => term}, context), do: Fields.context_is(context, term)
  defp field("echoText", arguments, _), do: arguments["text"]
  defp field("pidText", _, _), do: Fields.pid_text()
  defp field("badTerm", _, _), do: Fields.bad_term()
  defp field("echo", arguments, _), do: inspect(arguments)
  defp field("counter", _, _), do: Fields.counter()
  defp field("upload", %{"file" => key} = arguments, context) do
    Fields.uploaded(upload(key, context), arguments["ms"])
  end

  defp field("upload", %{"files" => keys} = arguments, context) do
    Fields.uploaded(Enum.map(keys, &upload(&1, context)), arguments["ms"])
  end

  defp field("append", %{"id" => id}, _), do: Fields.append(id)
end

defmodule Absinthe.Subscription do
  @moduledoc """
  Double of `Absinthe.Subscription` for `subscription { event(channel: …) }`. Documents are
  in the registry of the pubsub module.
  """

  def run(document, options, context) do
    pubsub = Map.fetch!(context, :pubsub)
    [_, argument] = Regex.run(~r/event\s*\(\s*channel\s*:\s*("[^"]*"|\$\w+)/, document)

    channel =
      case argument do
        "$" <> name -> options[:variables][name]
        literal -> TestApp.JSON.read(literal)
      end

    case TestApp.PubSub.config(channel, context) do
      {:ok, config} ->
        id = "__absinthe__:doc:#{config[:context_id]}:#{:erlang.phash2({document, channel})}"
        {:ok, _} = Registry.register(pubsub, {:event, channel}, id)
        {:ok, %{"subscribed" => id}}

      {:error, message} ->
        {:ok, %{errors: [%{message: message, locations: [%{line: 1, column: 1}]}]}}
    end
  end

  def publish(pubsub, event, [{field, channel}]) do
    ids = for {_, id} <- Registry.lookup(pubsub, {field, channel}), uniq: true, do: id
    for id <- ids, do: pubsub.publish_subscription(id, %{data: %{"event" => event}})
    :ok
  end
end

defmodule Absinthe.Schema do
  @moduledoc "Double of `Absinthe.Schema.to_sdl/1`."

  def to_sdl(TestApp.Schema), do: Absinthe.sdl()
end

defmodule TestApp.Schema do
  # `use Absinthe.Schema` defines it, and the gateway finds schemas by it.
  def __absinthe_schema_provider__, do: Absinthe.Schema.Compiled

  def context(context), do: context

  @moduledoc "A module with the name of the schema, for the gateway to find."
end
