# The schema on the real Absinthe: testdata/golden/schema.graphql, with resolvers that
# return the results of the golden cases, and the fields of TestApp.Fields.

defmodule TestApp.Data do
  @moduledoc "What the resolvers answer."

  def person("0"), do: nil

  def person(id),
    do: %{id: id, name: "Person #{id}", email: "p#{id}@example.com", admin: id == "1"}

  def part(n) do
    %{
      id: "p#{n}",
      sku: "SKU-#{n}",
      price: Decimal.add(n, "0.50"),
      weight: n * 0.25,
      quantities: Enum.to_list(1..n),
      status: Enum.at([:draft, :approved, :sent], rem(n, 3)),
      added_on: ~D[2026-01-31],
      updated_at: ~U[2026-01-31 12:00:00.123456Z],
      local_at: ~N[2026-01-31 12:00:00],
      opens: ~T[08:30:00]
    }
  end

  def parts(limit), do: Enum.map(Enum.take(1..100, limit), &part/1)

  def big_integers do
    [0, -1, 255, 256, 2_147_483_647, -2_147_483_648, 2_147_483_648, 9_007_199_254_740_993] ++
      [18_446_744_073_709_551_616, -123_456_789_012_345_678_901_234_567_890]
  end

  def floats, do: [0.0, -0.0, 1.0, 0.1, 1 / 3, 1.0e22, 1.5e300, 5.0e-324, 1.0e-7, 123_456_789.125]

  def byte_lists do
    %{
      "empty" => [],
      "small" => [1, 2, 3],
      "text_like" => ~c"hello",
      "mixed" => [1, 300, -2],
      "nested" => [[1], [2, [3]]],
      "long" => Enum.map(1..300, &rem(&1, 256))
    }
  end

  def strings do
    ["", "plain", "quote \" back \\ slash /", "tab\tnl\ncr\r", <<0, 1, 31, 127>>] ++
      ["héllo ☃ 日本語", "😀", "\u2028\u2029", "</script>"]
  end

  def atoms, do: [:ok, nil, true, false, :"with space", :ünïcode, Foo.Bar, :""]

  def map_keys do
    %{3 => "integer", :atom => 1, :nested => %{a: %{b: %{c: []}}}, "string" => 2}
  end

  def large_map, do: Map.new(1..50, &{"k#{&1}", &1})

  def structs do
    %{
      "date" => ~D[2026-11-22],
      "time" => ~T[23:59:59.123456],
      "naive" => ~N[2026-11-22 10:11:12.5],
      "utc" => ~U[2026-11-22 10:11:12Z],
      "zoned" => %DateTime{
        year: 2026,
        month: 2,
        day: 3,
        hour: 4,
        minute: 5,
        second: 6,
        microsecond: {7000, 3},
        time_zone: "Europe/Warsaw",
        zone_abbr: "CEST",
        utc_offset: 3600,
        std_offset: 3600
      },
      "decimal" => Decimal.new("1234.5600"),
      "nan" => Decimal.new("NaN"),
      # A map, because Jason may be missing.
      "ordered" => %{__struct__: Jason.OrderedObject, values: [{"z", 1}, {"a", 2}]}
    }
  end

  def deep, do: Enum.reduce(1..100, 0, &%{"d#{&1}" => &2})
end

defmodule TestApp.Schema do
  use Absinthe.Schema

  alias TestApp.{Data, Fields}

  import_types Absinthe.Type.Custom

  scalar :json do
    parse &{:ok, &1}
    serialize & &1
  end

  # As the one of Absinthe.Plug.Types, which needs Plug.
  scalar :upload do
    parse fn
      %Absinthe.Blueprint.Input.String{value: key}, context ->
        Map.fetch(context[:__absinthe_plug__][:uploads] || %{}, key)

      %Absinthe.Blueprint.Input.Null{}, _ ->
        {:ok, nil}

      _, _ ->
        :error
    end

    serialize fn _ -> raise "an upload is no output" end
  end

  enum :status do
    value :draft
    value :approved
    value :sent
  end

  interface :node do
    field :id, non_null(:id)
    resolve_type fn value, _ -> TestApp.Schema.type_of(value) end
  end

  object :person do
    interface :node
    field :id, non_null(:id)
    field :name, :string
    field :email, :string
    field :admin, :boolean

    field :manager, :person do
      resolve fn _, _, _ -> {:ok, Data.person("1")} end
    end

    field :salary, :decimal do
      resolve fn _, _, _ -> {:error, message: "forbidden", code: "FORBIDDEN", status: 403} end
    end

    field :must, non_null(:string)
  end

  object :part do
    interface :node
    field :id, non_null(:id)
    field :sku, :string
    field :price, :decimal
    field :weight, :float
    field :quantities, list_of(:integer)
    field :status, :status
    field :added_on, :date
    field :updated_at, :datetime
    field :local_at, :naive_datetime
    field :opens, :time
  end

  union :hit do
    types [:person, :part]
    resolve_type fn value, _ -> TestApp.Schema.type_of(value) end
  end

  object :session do
    field :user, :person do
      resolve fn
        _, _, %{context: %{current_user_id: id}} -> {:ok, Data.person(to_string(id))}
        _, _, _ -> {:error, message: "unauthenticated", code: :unauthenticated}
      end
    end
  end

  input_object :part_filter do
    field :status, :status
    field :skus, list_of(non_null(:string))
    field :min_price, :decimal
    field :max_weight, :float
    field :limit, :integer
    field :flags, list_of(:boolean)
    field :note, :string
  end

  query do
    field :session, :session do
      resolve fn _, _ -> {:ok, %{}} end
    end

    field :person, :person do
      arg :id, non_null(:id)
      resolve fn %{id: id}, _ -> {:ok, Data.person(id)} end
    end

    field :parts, list_of(:part) do
      arg :limit, :integer
      arg :filter, :part_filter
      resolve fn args, _ -> {:ok, Data.parts(args[:limit] || 10)} end
    end

    field :node, :node do
      arg :id, non_null(:id)

      resolve fn
        %{id: "p" <> n}, _ -> {:ok, Data.part(String.to_integer(n))}
        %{id: id}, _ -> {:ok, Data.person(id)}
      end
    end

    field :search, list_of(:hit) do
      resolve fn _, _ -> {:ok, [Data.person("1"), Data.part(1)]} end
    end

    field :echo, :json do
      arg :filter, :part_filter
      arg :text, :string
      arg :n, :integer
      arg :f, :float
      resolve fn args, _ -> {:ok, inspect(args, custom_options: [sort_maps: true])} end
    end

    field :context, :string do
      resolve fn _, %{context: context} -> {:ok, Fields.context_text(context)} end
    end

    field :big_integers, :json, resolve: fn _, _ -> {:ok, Data.big_integers()} end
    field :floats, :json, resolve: fn _, _ -> {:ok, Data.floats()} end
    field :byte_lists, :json, resolve: fn _, _ -> {:ok, Data.byte_lists()} end
    field :strings, :json, resolve: fn _, _ -> {:ok, Data.strings()} end
    field :atoms, :json, resolve: fn _, _ -> {:ok, Data.atoms()} end
    field :map_keys, :json, resolve: fn _, _ -> {:ok, Data.map_keys()} end
    field :large_map, :json, resolve: fn _, _ -> {:ok, Data.large_map()} end
    field :structs, :json, resolve: fn _, _ -> {:ok, Data.structs()} end
    field :deep, :json, resolve: fn _, _ -> {:ok, Data.deep()} end

    field :many_errors, list_of(:string) do
      resolve fn _, _ -> {:error, ["first", "second"]} end
    end

    field :error_extensions, :string do
      resolve fn _, _ ->
        extensions = %{code: "NOPE", detail: %{"a" => [1, 2]}, retry_after: 5}
        {:error, message: "nope", extensions: extensions}
      end
    end

    field :hello, :string do
      arg :name, :string
      deprecate "use greet"
      resolve fn args, _ -> {:ok, "hello #{args[:name] || "world"}"} end
    end

    field :sleep, :boolean do
      arg :ms, non_null(:integer)
      resolve fn %{ms: ms}, _ -> {:ok, Fields.sleep(ms)} end
    end

    field :hang, :boolean do
      arg :in, non_null(:string)
      resolve fn %{in: place}, _ -> {:ok, Fields.hang(place)} end
    end

    field :pace, :boolean, resolve: fn _, _ -> {:ok, Fields.pace()} end

    field :raise, :string do
      arg :message, :string
      resolve fn args, _ -> {:ok, Fields.raise(args[:message])} end
    end

    field :throw, :string, resolve: fn _, _ -> {:ok, Fields.throw()} end
    field :exit, :string, resolve: fn _, _ -> {:ok, Fields.exit()} end
    field :kill, :string, resolve: fn _, _ -> {:ok, Fields.kill()} end

    field :log, :boolean do
      arg :message, non_null(:string)
      resolve fn %{message: message}, _ -> {:ok, Fields.log(message)} end
    end

    field :print, :boolean do
      arg :message, non_null(:string)
      resolve fn %{message: message}, _ -> {:ok, Fields.print(message)} end
    end

    field :large, list_of(:string) do
      arg :bytes, non_null(:integer)
      resolve fn %{bytes: bytes}, _ -> {:ok, Fields.large(bytes)} end
    end

    field :context_text, :string do
      resolve fn _, %{context: context} -> {:ok, Fields.context_text(context)} end
    end

    field :context_is, :boolean do
      arg :term, non_null(:string)

      resolve fn %{term: term}, %{context: context} ->
        {:ok, Fields.context_is(context, term)}
      end
    end

    field :echo_text, :string do
      arg :text, :string
      resolve fn args, _ -> {:ok, args[:text]} end
    end

    field :pid_text, :string, resolve: fn _, _ -> {:ok, Fields.pid_text()} end
    field :bad_term, :json, resolve: fn _, _ -> {:ok, Fields.bad_term()} end
    field :counter, :integer, resolve: fn _, _ -> {:ok, Fields.counter()} end
  end

  mutation do
    field :rename, :person do
      arg :id, non_null(:id)
      arg :name, non_null(:string)
      resolve fn %{id: id, name: name}, _ -> {:ok, %{Data.person(id) | name: name}} end
    end

    field :append, :boolean do
      arg :id, non_null(:string)
      resolve fn %{id: id}, _ -> {:ok, Fields.append(id)} end
    end

    field :pace, :boolean, resolve: fn _, _ -> {:ok, Fields.pace()} end

    field :upload, :json do
      arg :file, :upload
      arg :files, list_of(:upload)
      arg :ms, :integer
      resolve fn args, _ -> {:ok, Fields.uploaded(args[:file] || args[:files], args[:ms])} end
    end
  end

  def type_of(%{sku: _}), do: :part
  def type_of(_), do: :person
end
