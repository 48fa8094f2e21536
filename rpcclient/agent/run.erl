%% The first expressions of subscribe.erl and upload.erl, for erl_eval: Run runs the document.
%% The bindings are Document, Schema and Options, as for run/6 of agent.erl; and Context, {map,
%% Map}, {from, Module, Function, Claims, Map} as there, or {Agent, Hash, Context, Respond}, for
%% which the agent's serve/7 runs the document.
%%
%% Run(More) returns {run, Answer}, with what Absinthe returns; {returned, Other} if the
%% application's function did not return a map; or the value of serve/7. More is a map of what
%% the context has as well.
Run = fun(More) ->
    Absinthe = fun(Values) ->
        {run, 'Elixir.Absinthe':run(Document, Schema, [{context, maps:merge(Values, More)} | Options])}
    end,
    case Context of
        {map, Map} ->
            Absinthe(Map);
        {from, Module, Function, Claims, Map} ->
            Built =
                try Module:Function(Claims) of
                    {ok, Ok} when is_map(Ok) -> Ok;
                    Returned -> Returned
                catch
                    Class:Reason:Stack -> erlang:raise(Class, {{Module, Function, 1}, Reason}, Stack)
                end,
            case is_map(Built) of
                true -> Absinthe(maps:merge(Map, Built));
                false -> {returned, Built}
            end;
        {Agent, Hash, Source, Respond} ->
            At = case Source of {map, _} -> 2; _ -> 5 end, % where the map is
            All = setelement(At, Source, maps:merge(element(At, Source), More)),
            {false, Value} = Agent:serve(Hash, Document, Schema, Options, All, [], Respond),
            Value
    end
end,
