# A double of Absinthe.Pipeline: the phases of the real one, of which some do something.
# Their modules and their order are all that the agent of the gateway knows of Absinthe.

defmodule Absinthe.Blueprint do
  @moduledoc "Double of `Absinthe.Blueprint`."

  defstruct input: nil,
            source: nil,
            operations: [],
            defaults: [],
            fragments: [],
            initial_phases: [],
            telemetry: %{},
            execution: %{context: %{}, validation_errors: []},
            result: %{}
end

defmodule Absinthe.Phase.Init do
  @moduledoc false
  def run(input, _) do
    {:record_phases, %Absinthe.Blueprint{input: input}, &%{&1 | initial_phases: &2}}
  end
end

defmodule Absinthe.Phase.Telemetry do
  @moduledoc false
  def run(blueprint, options) do
    event = [:absinthe | options[:event]]
    :telemetry.execute(event, %{}, %{blueprint: blueprint, options: options})

    case List.last(event) do
      :start -> {:ok, %{blueprint | source: blueprint.input, telemetry: %{id: make_ref()}}}
      :stop -> {:ok, blueprint}
    end
  end
end

defmodule Absinthe.Phase.Parse do
  @moduledoc false
  def run(blueprint, options) do
    tokens = length(Regex.scan(~r/\w+|[^\s\w]/, blueprint.input))

    if tokens > Keyword.get(options, :token_limit, :infinity) do
      Absinthe.Pipeline.refuse(blueprint, "Token limit exceeded")
    else
      [type] = Regex.run(~r/\A\s*(?:query|mutation|subscription|)/, blueprint.input)
      type = if String.trim(type) == "", do: "query", else: String.trim(type)
      operation = %{type: String.to_atom(type), current: true}
      {:ok, %{blueprint | input: {:document, blueprint.input}, operations: [operation]}}
    end
  end
end

defmodule Absinthe.Phase.Document.Context do
  @moduledoc false
  def run(blueprint, options) do
    {:ok, put_in(blueprint.execution.context, options[:context] || %{})}
  end
end

defmodule Absinthe.Phase.Document.Variables do
  @moduledoc "A default value is in the blueprint only if its variable is absent."
  def run(%{input: {:document, text}} = blueprint, options) do
    defaults =
      for [_, name, default] <- Regex.scan(~r/\$(\w+): *\w+ *= *({[^}]*})/, text),
          not is_map_key(options[:variables], name),
          do: default

    {:ok, %{blueprint | defaults: defaults}}
  end
end

defmodule Absinthe.Phase.Schema do
  @moduledoc "Some tests have a schema without `context/1`."
  def run(blueprint, options) do
    if function_exported?(options[:schema], :context, 1),
      do: {:ok, update_in(blueprint.execution.context, &options[:schema].context(&1))},
      else: {:ok, blueprint}
  end
end

defmodule Absinthe.Phase.Document.Validation.ProvidedNonNullVariables do
  @moduledoc false
  def run(%{input: {:document, text}} = blueprint, options) do
    missing =
      for [_, name] <- Regex.scan(~r/\$(\w+): *\w+!/, text),
          options[:variables][name] == nil and not Absinthe.recorded?(text, options),
          do: ~s(Variable "#{name}": Expected non-null, found null.)

    {:ok, put_in(blueprint.execution.validation_errors, missing)}
  end
end

defmodule Absinthe.Phase.Document.Validation.UniqueInputFieldNames do
  @moduledoc false
  def run(blueprint, _) do
    duplicates =
      for default <- blueprint.defaults,
          names = Regex.scan(~r/\w+(?=:)/, default),
          names != Enum.uniq(names),
          do: "Duplicate input field name."

    {:ok, update_in(blueprint.execution.validation_errors, &(&1 ++ duplicates))}
  end
end

defmodule Absinthe.Phase.Document.Validation.Result do
  @moduledoc false
  def run(%{execution: %{validation_errors: [error | _]}} = blueprint, _) do
    Absinthe.Pipeline.refuse(blueprint, error)
  end

  def run(blueprint, _), do: {:ok, blueprint}
end

defmodule Absinthe.Phase.Document.Complexity.Result do
  @moduledoc false
  def run(%{input: {:document, text}} = blueprint, options) do
    complexity = length(Regex.scan(~r/\w+/, text))
    max = Keyword.get(options, :max_complexity, :infinity)

    if Keyword.get(options, :analyze_complexity, false) and complexity > max do
      message = "Operation is too complex: complexity is #{complexity} and maximum is #{max}"
      Absinthe.Pipeline.refuse(blueprint, message)
    else
      {:ok, blueprint}
    end
  end
end

defmodule Absinthe.Phase.Document.Execution.Resolution do
  @moduledoc false
  def run(%{input: {:document, text}} = blueprint, options) do
    {:ok, result} = Absinthe.resolve(text, options, blueprint.execution.context)
    {:ok, %{blueprint | result: result}}
  end
end

for phase <- [
      Document.Validation.ExecutableDefinitions,
      Blueprint,
      Document.Validation.ProvidedAnOperation,
      Document.CurrentOperation,
      Document.Uses,
      Document.Validation.NoFragmentCycles,
      Document.Validation.LoneAnonymousOperation,
      Document.Validation.SelectedCurrentOperation,
      Document.Validation.KnownFragmentNames,
      Document.Validation.NoUndefinedVariables,
      Document.Validation.NoUnusedVariables,
      Document.Validation.NoUnusedFragments,
      Document.Validation.UniqueFragmentNames,
      Document.Validation.UniqueOperationNames,
      Document.Validation.UniqueVariableNames,
      Document.Arguments.Normalize,
      Validation.KnownTypeNames,
      Document.Arguments.VariableTypesMatch,
      Document.Arguments.CoerceEnums,
      Document.Arguments.CoerceLists,
      Document.Arguments.Parse,
      Document.MissingVariables,
      Document.MissingLiterals,
      Document.Arguments.FlagInvalid,
      Document.Validation.KnownDirectives,
      Document.Validation.RepeatableDirectives,
      Document.Validation.ScalarLeafs,
      Document.Validation.VariablesAreInputTypes,
      Document.Validation.ArgumentsOfCorrectType,
      Document.Validation.KnownArgumentNames,
      Document.Validation.ProvidedNonNullArguments,
      Document.Validation.UniqueArgumentNames,
      Document.Validation.FieldsOnCorrectType,
      Document.Validation.OneOfDirective,
      Document.Validation.OnlyOneSubscription,
      Document.Arguments.Data,
      Document.Directives,
      Subscription.SubscribeSelf,
      Document.Complexity.Analysis,
      Document.Result
    ] do
  defmodule Module.concat(Absinthe.Phase, phase) do
    @moduledoc false
    def run(blueprint, _), do: {:ok, blueprint}
  end
end

defmodule Absinthe.Pipeline do
  @moduledoc "Double of `Absinthe.Pipeline`."

  alias Absinthe.Phase

  def for_document(schema, options) do
    options =
      Keyword.merge([operation_name: nil, variables: %{}, context: %{}], options)
      |> Keyword.put(:schema, schema)

    [
      Phase.Init,
      {Phase.Telemetry, Keyword.put(options, :event, [:execute, :operation, :start])},
      {Phase.Parse, options},
      Phase.Document.Validation.ExecutableDefinitions,
      Phase.Blueprint,
      Phase.Document.Validation.ProvidedAnOperation,
      Phase.Document.CurrentOperation,
      Phase.Document.Uses,
      Phase.Document.Validation.NoFragmentCycles,
      Phase.Document.Validation.LoneAnonymousOperation,
      Phase.Document.Validation.SelectedCurrentOperation,
      Phase.Document.Validation.KnownFragmentNames,
      Phase.Document.Validation.NoUndefinedVariables,
      Phase.Document.Validation.NoUnusedVariables,
      Phase.Document.Validation.NoUnusedFragments,
      Phase.Document.Validation.UniqueFragmentNames,
      Phase.Document.Validation.UniqueOperationNames,
      Phase.Document.Validation.UniqueVariableNames,
      {Phase.Document.Context, options},
      {Phase.Document.Variables, options},
      {Phase.Document.Validation.ProvidedNonNullVariables, options},
      Phase.Document.Arguments.Normalize,
      {Phase.Schema, options},
      Phase.Validation.KnownTypeNames,
      Phase.Document.Arguments.VariableTypesMatch,
      Phase.Document.Arguments.CoerceEnums,
      Phase.Document.Arguments.CoerceLists,
      Phase.Document.Arguments.Parse,
      Phase.Document.MissingVariables,
      Phase.Document.MissingLiterals,
      Phase.Document.Arguments.FlagInvalid,
      Phase.Document.Validation.KnownDirectives,
      Phase.Document.Validation.RepeatableDirectives,
      Phase.Document.Validation.ScalarLeafs,
      Phase.Document.Validation.VariablesAreInputTypes,
      Phase.Document.Validation.ArgumentsOfCorrectType,
      Phase.Document.Validation.KnownArgumentNames,
      Phase.Document.Validation.ProvidedNonNullArguments,
      Phase.Document.Validation.UniqueArgumentNames,
      Phase.Document.Validation.UniqueInputFieldNames,
      Phase.Document.Validation.FieldsOnCorrectType,
      Phase.Document.Validation.OneOfDirective,
      Phase.Document.Validation.OnlyOneSubscription,
      Phase.Document.Validation.Result,
      Phase.Document.Arguments.Data,
      Phase.Document.Directives,
      Phase.Document.Complexity.Analysis,
      {Phase.Document.Complexity.Result, options},
      Phase.Subscription.SubscribeSelf,
      {Phase.Document.Execution.Resolution, options},
      Phase.Document.Result,
      {Phase.Telemetry, Keyword.put(options, :event, [:execute, :operation, :stop])}
    ]
  end

  def run(input, pipeline), do: run_phases(pipeline, input, pipeline)

  defp run_phases([], blueprint, _), do: {:ok, blueprint, []}

  defp run_phases([phase | rest], blueprint, all) do
    {phase, options} = if is_tuple(phase), do: phase, else: {phase, []}

    case phase.run(blueprint, options) do
      {:record_phases, blueprint, record} -> run_phases(rest, record.(blueprint, all), all)
      {:ok, blueprint} -> run_phases(rest, blueprint, all)
      {:jump, blueprint, to} -> run_phases(Enum.drop_while(rest, &(&1 != to)), blueprint, all)
    end
  end

  def refuse(blueprint, message) do
    {:jump, %{blueprint | result: %{errors: [%{message: message}]}}, Phase.Document.Result}
  end
end

defmodule :telemetry do
  @moduledoc "Double of telemetry, with one handler."

  def attach_many(_, _, handler, config) do
    :persistent_term.put(__MODULE__, {handler, config})
  end

  def execute(event, measurements, metadata) do
    {handler, config} = :persistent_term.get(__MODULE__, {fn _, _, _, _ -> :ok end, nil})
    handler.(event, measurements, metadata, config)
  end
end
