# Schemas whose functions see everything that they can, and differ by context, by the
# process (`:tick`, which differs from run to run) and by the document. Their functions are
# the same for the same arguments, context and tick.

defmodule Equality.Seen do
  @moduledoc "Middleware that notes the resolution, before or after the resolver."
  @behaviour Absinthe.Middleware

  def call(resolution, label) do
    Equality.Record.note({label, Absinthe.Resolution.path(resolution)}, resolution)
    resolution
  end

  def around(middleware, field), do: [{__MODULE__, {:before, field}} | middleware] ++ [{__MODULE__, {:after, field}}]
end

defmodule Equality.Info do
  @moduledoc "A resolver that answers with what it sees."

  def resolve(parent, arguments, info) do
    seen = %{
      parent: parent,
      arguments: arguments,
      context: info.context,
      root_value: info.root_value,
      adapter: info.adapter,
      path: Absinthe.Resolution.path(info),
      name: info.definition.name,
      alias: info.definition.alias,
      location: info.definition.source_location,
      inputs: Enum.map(info.definition.arguments, &{&1.name, &1.input_value}),
      directives: info.definition.directives,
      flags: info.definition.flags,
      selected: Enum.map(info.definition.selections, &Map.get(&1, :name)),
      fragments: Enum.map(info.fragments, &{&1.name, &1.type_condition}),
      projected: project(info),
      operation: operation(info.path),
      parent_type: info.parent_type.identifier,
      state: info.state,
      private: info.private,
      tick: Process.get(:tick)
    }

    {:ok, inspect(seen, limit: :infinity, printable_limit: :infinity)}
  end

  defp project(info) do
    for field <- Absinthe.Resolution.project(info), do: {field.name, field.alias, field.argument_data}
  rescue
    error -> error.__struct__
  end

  defp operation(path) do
    %Absinthe.Blueprint.Document.Operation{} = operation = List.last(path)

    {operation.name, operation.type, operation.complexity, operation.provided_values,
     Enum.map(operation.variable_definitions, &{&1.name, &1.default_value, &1.provided_value}), operation.variable_uses}
  end
end

defmodule Equality.Contract do
  @moduledoc """
  The schema of `testdata/contract`, with resolvers that answer with what they see, and
  middleware that notes it.
  """

  @source Path.join(__DIR__, "../contract/schema.exs")

  def define(seen) do
    @source
    |> File.read!()
    |> Code.string_to_quoted!(file: @source)
    |> Macro.prewalk(fn
      {:__aliases__, meta, [:Contract, :Schema]} ->
        {:__aliases__, meta, [:Equality, :Contract, :Schema]}

      {:defmodule, meta, [name, [do: {:__block__, block, body}]]} ->
        {:defmodule, meta, [name, [do: {:__block__, block, body ++ [seen(seen)]}]]}

      other ->
        other
    end)
    |> Code.compile_quoted(@source)
  end

  defp seen(true) do
    quote do
      def middleware(middleware, %{identifier: field}, _) do
        Equality.Seen.around(middleware, field) ++ [{Equality.Contract, field}]
      end
    end
  end

  defp seen(false) do
    quote do
      def middleware(middleware, %{identifier: field}, _), do: middleware ++ [{Equality.Contract, field}]
    end
  end

  def call(resolution, field) when field in [:echo, :required, :inner] do
    %{resolution | value: inspect({resolution.arguments, resolution.context, Process.get(:tick)})}
  end

  def call(resolution, :friends), do: %{resolution | value: [%{id: "2", name: "B"}, nil, %{id: resolution.context[:user]}]}
  def call(resolution, :lonely), do: %{resolution | value: resolution.context[:user] && %{x: 1}}
  def call(resolution, _), do: resolution
end

defmodule Equality.Types do
  use Absinthe.Schema.Notation

  alias Absinthe.Blueprint.Input

  scalar :tenant_id, name: "TenantID" do
    parse fn
      %{value: "refused"}, %{tenant: "a"} -> {:error, "not for a"}
      %{value: value}, %{tenant: tenant} -> {:ok, {tenant, value}}
      _, _ -> :error
    end

    serialize &inspect/1
  end

  scalar :ticking do
    parse fn input -> {:ok, {Process.get(:tick), input.value}} end
    serialize &inspect/1
  end

  scalar :odd_ticks do
    parse fn input -> if rem(Process.get(:tick), 2) == 1, do: {:ok, input.value}, else: :error end
    serialize &inspect/1
  end

  scalar :input, open_ended: true do
    parse fn input -> {:ok, input} end
    serialize &inspect/1
  end

  scalar :fussy do
    parse fn
      %Input.String{value: "raise"} -> raise ArgumentError, "raised"
      %Input.String{value: "throw"} -> throw(:thrown)
      %Input.String{value: "exit"} -> exit(:exited)
      %Input.String{value: "kill me"} -> Process.exit(self(), :ignored) && {:ok, "still here"}
      %Input.String{value: "no"} -> :error
      %Input.String{value: "why"} -> {:error, "because"}
      %Input.String{value: "refused as nil"} -> nil
      %Input.Null{} -> {:ok, :null}
      %{value: value} -> {:ok, value}
    end

    serialize & &1
  end

  enum :level do
    value :low, as: 1
    value :high, as: {:level, 10}
    value :null, as: nil
    value :old, deprecate: "use HIGH"
  end

  input_object :page do
    field :limit, :integer, default_value: 10
    field :after, :string
    field :tenant, :tenant_id
    field :ticking, :ticking
    field :at, :datetime
    field :level, :level, default_value: {:level, 10}
    field :levels, list_of(non_null(:level)), default_value: [1]
    field :inside, :page
    field :many, list_of(:page)
    field :must, non_null(:integer), default_value: 3
  end
end

defmodule Equality.Inputs do
  use Absinthe.Schema

  import_types Absinthe.Type.Custom
  import_types Equality.Types

  query do
    field :echo, :string do
      arg :tenant, :tenant_id
      arg :tenants, list_of(non_null(:tenant_id))
      arg :ticking, :ticking
      arg :tickings, list_of(list_of(:ticking))
      arg :odd, :odd_ticks
      arg :input, :input
      arg :inputs, list_of(:input)
      arg :fussy, :fussy
      arg :level, :level, default_value: 1
      arg :levels, list_of(:level)
      arg :page, :page
      arg :pages, list_of(non_null(:page)), default_value: [%{limit: 1}]
      arg :at, :datetime
      arg :naive, :naive_datetime
      arg :on, :date
      arg :time, :time
      arg :amount, :decimal
      arg :int, :integer
      arg :float, :float
      arg :string, :string, default_value: "default"
      arg :id, :id
      arg :flag, :boolean
      arg :ints, list_of(non_null(:integer))
      arg :must, non_null(:string), default_value: "must"
      arg :old, :string, deprecate: "not any more"
      resolve &Equality.Info.resolve/3
    end

    field :required, :string do
      arg :int, non_null(:integer)
      arg :ints, non_null(list_of(non_null(:integer)))
      arg :level, non_null(:level)
      arg :page, non_null(:page)
      arg :at, non_null(:datetime)
      resolve &Equality.Info.resolve/3
    end
  end

  def middleware(middleware, field, _), do: Equality.Seen.around(middleware, field.identifier)
end

defmodule Equality.Context do
  @moduledoc "A schema that adds to the context."
  use Absinthe.Schema

  object :node do
    field :info, :string, resolve: &Equality.Info.resolve/3
    field :node, :node, resolve: fn _, _, _ -> {:ok, %{}} end
  end

  query do
    field :node, :node, resolve: fn _, _, _ -> {:ok, %{}} end
  end

  def context(context) do
    Equality.Record.note(:context, context)
    Map.put(context, :added, {Process.get(:tick), context[:user]})
  end

  def middleware(middleware, field, _), do: Equality.Seen.around(middleware, field.identifier)
end

defmodule Equality.Datetime do
  @moduledoc "Scalars with the names of those of `Absinthe.Type.Custom`, which are none of them."
  use Absinthe.Schema

  scalar :datetime, name: "DateTime" do
    parse fn input -> {:ok, {:ticking, Process.get(:tick), input.value}} end
    serialize &inspect/1
  end

  scalar :decimal do
    parse fn input, context -> {:ok, {:tenant, context[:tenant], input.value}} end
    serialize &inspect/1
  end

  query do
    field :echo, :string do
      arg :at, :datetime
      arg :amount, :decimal
      arg :int, :integer
      resolve &Equality.Info.resolve/3
    end
  end

  def middleware(middleware, field, _), do: Equality.Seen.around(middleware, field.identifier)
end

defmodule Equality.Complex do
  @moduledoc "Complexity by arguments, context, tick and definition."
  use Absinthe.Schema

  import_types Equality.Types
  import_types Absinthe.Type.Custom

  object :item do
    field :id, :id
    field :cheap, :string, complexity: 0
    field :by_user, :string, complexity: &__MODULE__.by_user/3
    field :by_tick, :string, complexity: fn _, _ -> Process.get(:tick) end

    field :items, list_of(:item) do
      arg :first, :integer, default_value: 2
      arg :page, :page
      complexity &__MODULE__.by_first/2
      resolve fn _, _, _ -> {:ok, [%{id: 1}, %{id: 2}]} end
    end

    field :wrong, :string, complexity: fn _, _ -> -1 end
    field :crash, :string, complexity: fn _, _ -> raise ArgumentError, "complex" end
    field :info, :string, resolve: &Equality.Info.resolve/3
  end

  query do
    field :item, :item do
      arg :tenant, :tenant_id
      complexity fn args, child, info -> Equality.Record.note(:complexity, {args, child, info}) && child + map_size(args) end
      resolve fn _, _, _ -> {:ok, %{id: "1"}} end
    end
  end

  def by_user(arguments, child, info) do
    Equality.Record.note(:complexity, {arguments, child, info})
    info.context[:user] || 100
  end

  def by_first(%{first: first}, child), do: 1 + first * child

  def middleware(middleware, field, _), do: Equality.Seen.around(middleware, field.identifier)
end

defmodule Equality.Directives do
  @moduledoc "Directives that change nodes by arguments, tick and node."
  use Absinthe.Schema

  import_types Equality.Types
  import_types Absinthe.Type.Custom

  directive :every_other do
    on [:field, :fragment_spread, :inline_fragment]

    expand fn _, node ->
      if rem(Process.get(:tick), 2) == 0, do: Absinthe.Blueprint.put_flag(node, :skip, __MODULE__), else: node
    end
  end

  directive :noted do
    arg :tenant, :tenant_id
    arg :ticking, :ticking
    arg :level, :level, default_value: 1
    on [:field, :fragment_spread, :inline_fragment, :fragment_definition, :query, :mutation]

    expand fn arguments, node ->
      Equality.Record.note(:expand, {arguments, node})
      if Map.has_key?(node, :flags), do: Absinthe.Blueprint.put_flag(node, :noted, __MODULE__), else: node
    end
  end

  directive :renamed do
    arg :to, non_null(:string)
    on [:field]
    expand fn %{to: to}, node -> %{node | alias: to} end
  end

  directive :costs do
    arg :n, non_null(:integer)
    on [:field]
    expand fn %{n: n}, node -> %{node | complexity: n} end
  end

  directive :filled do
    on [:field]

    expand fn _, node ->
      %{node | argument_data: Map.put(node.argument_data, :filled, Process.get(:tick))}
    end
  end

  directive :emptied do
    on [:field, :query, :inline_fragment]
    expand fn _, node -> %{node | selections: Enum.take(node.selections, 1)} end
  end

  directive :fails do
    on [:field]
    expand fn _, _ -> raise ArgumentError, "expanded" end
  end

  directive :inert do
    arg :s, :string
    on [:field, :query]
  end

  directive :twice do
    repeatable true
    arg :n, :integer
    on [:field]

    expand fn arguments, node ->
      %{node | argument_data: Map.update(node.argument_data, :twice, [arguments[:n]], &[arguments[:n] | &1])}
    end
  end

  object :thing do
    field :info, :string, resolve: &Equality.Info.resolve/3

    field :thing, :thing do
      arg :s, :string
      resolve fn _, _, _ -> {:ok, %{}} end
    end
  end

  query do
    field :thing, :thing do
      arg :s, :string
      resolve fn _, _, _ -> {:ok, %{}} end
    end

    field :info, :string do
      arg :s, :string
      resolve &Equality.Info.resolve/3
    end
  end

  mutation do
    field :info, :string do
      arg :s, :string
      resolve &Equality.Info.resolve/3
    end
  end

  def middleware(middleware, field, _), do: Equality.Seen.around(middleware, field.identifier)
end

defmodule Equality.Loader do
  @moduledoc "A plugin that loads as Dataloader does: by a loader in the context."
  @behaviour Absinthe.Middleware
  @behaviour Absinthe.Plugin

  def new(user), do: %{__MODULE__ => true, user: user, wanted: [], loaded: %{}}

  def load(loader, key), do: %{loader | wanted: [key | loader.wanted]}

  def on_load(loader, key, callback), do: {:middleware, __MODULE__, {load(loader, key), callback}}

  def call(%{state: :unresolved} = resolution, {loader, callback}) do
    %{
      resolution
      | context: Map.put(resolution.context, :loader, loader),
        state: :suspended,
        middleware: [{__MODULE__, callback} | resolution.middleware]
    }
  end

  def call(%{state: :suspended} = resolution, callback) do
    Absinthe.Resolution.put_result(resolution, callback.(resolution.context.loader))
  end

  def before_resolution(%{context: %{loader: loader}} = execution) do
    Equality.Record.note(:loader, loader)
    loaded = Map.new(loader.wanted, &{&1, "#{&1} of #{inspect(loader.user)}"})
    %{execution | context: %{execution.context | loader: %{loader | wanted: [], loaded: Map.merge(loader.loaded, loaded)}}}
  end

  def before_resolution(execution), do: execution

  def after_resolution(execution), do: execution

  def pipeline(pipeline, %{context: %{loader: %{wanted: [_ | _]}}}), do: [Absinthe.Phase.Document.Execution.Resolution | pipeline]
  def pipeline(pipeline, _), do: pipeline
end

defmodule Equality.Watching do
  @moduledoc "A plugin that notes the execution."
  @behaviour Absinthe.Plugin

  def before_resolution(execution) do
    Equality.Record.note(:before_resolution, execution)
    put_in(execution.acc[__MODULE__], Map.get(execution.acc, __MODULE__, 0) + 1)
  end

  def after_resolution(execution) do
    Equality.Record.note(:after_resolution, execution)
    if execution.context[:crash_after], do: raise(ArgumentError, "after resolution")
    execution
  end

  def pipeline(pipeline, execution) do
    Equality.Record.note(:pipeline, pipeline)
    if execution.acc[__MODULE__] == 1, do: [Absinthe.Phase.Document.Execution.Resolution | pipeline], else: pipeline
  end
end

defmodule Equality.Plugins do
  use Absinthe.Schema

  import Absinthe.Resolution.Helpers, only: [async: 1, batch: 3]
  import_types Absinthe.Type.Custom

  object :user do
    field :id, :id
    field :at, :datetime, resolve: fn _, _, _ -> {:ok, ~U[2026-01-31 12:00:00Z]} end
    field :wrong_at, :datetime, resolve: fn _, _, _ -> {:ok, "not a time"} end

    field :posts, list_of(:post) do
      arg :n, :integer, default_value: 2
      resolve fn user, %{n: n}, _ -> batch({__MODULE__, :posts, n}, user.id, &{:ok, Map.get(&1, user.id)}) end
    end

    field :score, :integer do
      resolve fn user, _, %{context: context} -> async(fn -> {:ok, user.id * (context[:user] || 7)} end) end
    end

    field :loaded, :string do
      resolve fn user, _, %{context: context} ->
        loader = context[:loader] || Equality.Loader.new(context[:user])
        Equality.Loader.on_load(loader, user.id, &{:ok, &1.loaded[user.id]})
      end
    end

    field :late_error, :string, resolve: fn _, _, _ -> async(fn -> {:error, message: "late", code: 9} end) end
    field :batch_crash, :string, resolve: fn user, _, _ -> batch({__MODULE__, :crash}, user.id, & &1) end
    field :info, :string, resolve: &Equality.Info.resolve/3
  end

  object :post do
    field :title, :string
    field :author, :user, resolve: fn post, _, _ -> {:ok, %{id: post.author}} end
  end

  query do
    field :users, list_of(:user) do
      arg :first, :integer
      middleware Equality.Authorized
      resolve fn _, arguments, _ -> {:ok, Enum.map(1..Map.get(arguments, :first, 2)//1, &%{id: &1})} end
    end
  end

  def posts(n, users) do
    Equality.Record.note(:posts, {n, Enum.sort(users)})
    Map.new(users, &{&1, for(i <- 1..n//1, do: %{title: "#{i} of #{&1}", author: &1 + 1})})
  end

  def crash(_, _), do: raise(ArgumentError, "in the batch")

  def plugins, do: [Absinthe.Middleware.Batch, Absinthe.Middleware.Async, Equality.Loader, Equality.Watching]

  def middleware(middleware, field, _), do: Equality.Seen.around(middleware, field.identifier)
end

defmodule Equality.Authorized do
  @moduledoc "Middleware that refuses, and changes the context of the fields below."
  @behaviour Absinthe.Middleware

  def call(%{context: %{refused: true}} = resolution, _) do
    Absinthe.Resolution.put_result(resolution, {:error, message: "forbidden", code: :forbidden})
  end

  def call(resolution, _), do: %{resolution | context: Map.put(resolution.context, :authorized, Process.get(:tick))}
end

defmodule Equality.Crashing do
  use Absinthe.Schema

  interface :named do
    field :name, :string
    resolve_type fn value, _ -> __MODULE__.type(value) end
  end

  object :person do
    interface :named
    field :name, :string
    field :must, non_null(:string), resolve: fn _, _, info -> {:ok, info.context[:must]} end
    field :must_be, non_null(:person), resolve: fn _, _, _ -> {:ok, %{kind: :person}} end
  end

  object :robot do
    interface :named
    field :name, :string
    field :serial, :integer
  end

  union :anything do
    types [:person, :robot]
    resolve_type fn value, _ -> __MODULE__.type(value) end
  end

  query do
    field :crash, :string do
      arg :how, :string
      resolve &__MODULE__.crash/3
    end

    field :named, :named do
      arg :kind, :string
      resolve fn _, arguments, _ -> {:ok, %{kind: arguments[:kind], name: "N", serial: 1}} end
    end

    field :anything, list_of(:anything) do
      resolve fn _, _, info -> {:ok, Enum.map([:person, :robot] ++ List.wrap(info.context[:kind]), &%{kind: &1, name: "N", serial: 2})} end
    end

    field :wrong, :integer, resolve: fn _, _, _ -> {:ok, "no number"} end
    field :errors, :string, resolve: fn _, _, _ -> {:error, ["one", "two", %{message: "three", extra: [1]}]} end
    field :nothing, non_null(:string), resolve: fn _, _, _ -> {:ok, nil} end
    field :bare, :string, resolve: fn _, _, _ -> :wrong end
  end

  mutation do
    field :crash, :string do
      arg :how, :string
      resolve &__MODULE__.crash/3
    end

    field :count, :integer, resolve: fn _, _, _ -> __MODULE__.count() end
    field :must, non_null(:integer), resolve: fn _, _, _ -> __MODULE__.count() && {:ok, nil} end
  end

  subscription do
    field :renamed, :person do
      arg :id, :id
      config fn arguments, info -> Equality.Record.note(:config, {arguments, info.context}) && {:ok, topic: "x"} end
    end
  end

  def type(%{kind: kind}) when kind in [:person, "person"], do: :person
  def type(%{kind: kind}) when kind in [:robot, "robot"], do: :robot
  def type(%{kind: "raise"}), do: raise(ArgumentError, "no type")
  def type(%{kind: "unknown"}), do: :unknown
  def type(_), do: nil

  def count do
    Process.put(:count, Process.get(:count, 0) + 1)
    {:ok, Process.get(:count)}
  end

  def crash(_, arguments, info) do
    case arguments[:how] do
      "raise" -> raise ArgumentError, "raised"
      "error" -> :erlang.error({:reason, info.context})
      "throw" -> throw({:thrown, info.context})
      "exit" -> exit({:exited, info.context})
      "normal" -> exit(:normal)
      "clause" -> Map.fetch!(arguments, :missing)
      _ -> {:ok, "survived"}
    end
  end

  def middleware(middleware, field, _), do: Equality.Seen.around(middleware, field.identifier)
end

defmodule Equality.Other do
  @moduledoc "Another schema for the documents of `Equality.Crashing`."
  use Absinthe.Schema

  query do
    field :crash, :integer do
      arg :how, non_null(:string)
      resolve fn _, _, _ -> {:ok, 1} end
    end

    field :errors, :integer, resolve: fn _, _, _ -> {:ok, 2} end
  end
end

defmodule Equality.Kept do
  @moduledoc "A schema that is no module: the agent does not prepare its documents."
  use Absinthe.Schema
  @schema_provider Absinthe.Schema.PersistentTerm

  query do
    field :hello, :string, resolve: fn _, _, _ -> {:ok, "hello"} end
  end
end

defmodule Equality.PubSub do
  @moduledoc "A pubsub that notes what is published."
  @behaviour Absinthe.Subscription.Pubsub

  def start_link, do: Absinthe.Subscription.start_link(pubsub: __MODULE__)
  def node_name, do: to_string(node())
  def subscribe(_), do: :ok
  def publish_mutation(_, result, fields), do: Equality.Record.note(:publish_mutation, {result, fields})
  def publish_subscription(_, data), do: Equality.Record.note(:publish_subscription, data)
end

defmodule Equality.Published do
  @moduledoc "A schema with mutations that trigger a subscription."
  use Absinthe.Schema

  query do
    field :hello, :string, resolve: fn _, _, _ -> {:ok, "hello"} end
  end

  mutation do
    field :rename, :string do
      arg :name, :string
      resolve fn _, arguments, _ -> {:ok, arguments[:name]} end
    end
  end

  subscription do
    field :renamed, :string do
      arg :refused, :boolean

      config fn arguments, info ->
        Equality.Record.note(:config, {arguments, info.context})
        if arguments[:refused], do: {:error, "refused"}, else: {:ok, topic: "x", context_id: "c", document_id: "d"}
      end

      trigger :rename, topic: fn _ -> "y" end
    end
  end

  def middleware(middleware, field, _), do: Equality.Seen.around(middleware, field.identifier)
end
