# Schemas whose SDL from Absinthe does not parse: quotation marks in a description of
# several lines end the description.

defmodule Contract.Descriptions do
  use Absinthe.Schema

  enum :color do
    value :red, description: "in \"quotes\" \\ of one line \"\"\""
    value :green, deprecate: "a \"\"\" reason\nof two lines \"\"\""
  end

  query do
    @desc "Ask for it:\n\n\"\"\"\n{ color }\n\"\"\""
    field :color, :color do
      arg :name, :string, default_value: "a \"quoted\" \\ value\n\"\"\" of two lines"
      resolve fn _, _ -> {:ok, nil} end
    end
  end
end

defmodule Contract.Phantom do
  use Absinthe.Schema

  object :part do
    description "Such a definition:\n\"\"\"\ntype Phantom { a: Int }\n\"\"\""
    field :name, :string
  end

  query do
    field :part, :part, resolve: fn _, _ -> {:ok, nil} end
  end
end
