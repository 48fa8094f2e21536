# A schema with one of everything that validation checks.

defmodule Contract.Schema do
  use Absinthe.Schema

  directive :shout do
    arg :times, :integer
    on [:field, :fragment_spread, :inline_fragment, :query]
    expand fn _, node -> node end
  end

  directive :tag do
    arg :name, non_null(:string)
    repeatable true
    on [:field]
    expand fn _, node -> node end
  end

  scalar :json, open_ended: true do
    parse fn _ -> {:ok, "json"} end
    serialize & &1
  end

  scalar :closed do
    parse fn
      %Absinthe.Blueprint.Input.String{value: value} -> {:ok, value}
      _ -> :error
    end

    serialize & &1
  end

  enum :color do
    value :red
    value :green
    value :old_blue, deprecate: "use GREEN"
  end

  interface :node do
    field :id, non_null(:id)
    resolve_type fn _, _ -> :person end
  end

  interface :named do
    field :name, :string
    resolve_type fn _, _ -> :person end
  end

  interface :lonely do
    field :x, :integer
    resolve_type fn _, _ -> nil end
  end

  object :person do
    interface :node
    interface :named
    field :id, non_null(:id)
    field :name, :string
    field :first_name, :string
    field :favorite_color, :color
    field :friends, list_of(:person), resolve: fn _, _ -> {:ok, []} end
    field :grid, list_of(list_of(:integer))

    field :age, :integer do
      arg :in_months, :boolean, default_value: false
      resolve fn _, _ -> {:ok, 1} end
    end

    field :height, :float do
      arg :unit, non_null(:string)
      resolve fn _, _ -> {:ok, 1.5} end
    end
  end

  object :robot do
    interface :node
    interface :named
    field :id, non_null(:id)
    field :name, :string
    field :serial, :string
    field :nick, :string, deprecate: "use name"
  end

  object :city do
    field :mayor, :person, resolve: fn _, _ -> {:ok, %{id: "1"}} end
    field :name, :string
  end

  union :being do
    types [:person, :robot]
    resolve_type fn _, _ -> :person end
  end

  input_object :inner do
    field :n, :integer
    field :must, non_null(:string)
    field :with_default, non_null(:integer), default_value: 3
    field :old, non_null(:string), deprecate: "not any more"
  end

  input_object :filter do
    field :name, :string
    field :count, :integer
    field :ratio, :float
    field :on, :boolean
    field :key, :id
    field :color, :color
    field :colors, list_of(:color)
    field :matrix, list_of(list_of(:integer))
    field :tags, list_of(non_null(:string))
    field :inner, :inner
    field :inners, list_of(:inner)
    field :self, :filter
    field :any, :json
    field :closed, :closed
    field :snake_case, :string
  end

  query do
    field :person, :person do
      arg :id, non_null(:id)
      resolve fn _, _ -> {:ok, %{id: "1", name: "A"}} end
    end

    field :being, :being, resolve: fn _, _ -> {:ok, %{id: "1"}} end
    field :node, :node, resolve: fn _, _ -> {:ok, %{id: "1"}} end
    field :named, :named, resolve: fn _, _ -> {:ok, %{id: "1", name: "A"}} end
    field :lonely, :lonely, resolve: fn _, _ -> {:ok, nil} end
    field :city, :city, resolve: fn _, _ -> {:ok, %{}} end
    field :hello, :string, deprecate: "use greet", resolve: fn _, _ -> {:ok, "hello"} end
    field :many_words, :string, resolve: fn _, _ -> {:ok, "words"} end

    field :echo, :string do
      arg :s, :string
      arg :i, :integer
      arg :f, :float
      arg :b, :boolean
      arg :id, :id
      arg :c, :color
      arg :cs, list_of(:color)
      arg :ms, list_of(list_of(:integer))
      arg :strict, list_of(non_null(:integer))
      arg :filter, :filter
      arg :filters, list_of(:filter)
      arg :j, :json
      arg :closed, :closed
      arg :snake_arg, :string
      resolve fn _, _ -> {:ok, "echo"} end
    end

    field :required, :string do
      arg :s, non_null(:string)
      arg :i, non_null(:integer), default_value: 1
      arg :old, non_null(:string), deprecate: "not any more"
      resolve fn _, _ -> {:ok, "required"} end
    end

    field :inner, :string do
      arg :inner, non_null(:inner)
      arg :list, non_null(list_of(non_null(:integer))), default_value: [1]
      resolve fn _, _ -> {:ok, "inner"} end
    end
  end

  mutation do
    field :rename, :person do
      arg :id, non_null(:id)
      arg :name, :string
      resolve fn _, _ -> {:ok, %{id: "1"}} end
    end
  end

  subscription do
    field :renamed, :person do
      config fn _, _ -> {:ok, topic: "x"} end
    end
  end
end
