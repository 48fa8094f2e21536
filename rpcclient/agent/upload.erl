%% The expressions of a process that receives the files of an operation and then runs it, for
%% erl_eval. The bindings are Document, Schema, Options and Setup, as for run/6 of agent.erl;
%% Context, {map, Map}, {from, Module, Function, Claims, Map} or {Agent, Hash, Context,
%% Respond}, for which the agent's serve/7 runs the operation and has the value; Gateway, the pid of a
%% mailbox; and Directory, a name that no other directory has.
%%
%% The process sends {ready, Pid}. The gateway sends {Gateway, Message}:
%%
%%     {file, Name, Filename, Type}    a file begins; Name is a key of the uploads
%%     Piece                           a binary that belongs to it; written is the answer
%%     run                             all files are here
%%
%% Absinthe gets the files as Absinthe.Plug passes them, in the context. The value is
%% {run, Answer}, or {returned, Other} if the application's function did not return a map.
%%
%% Plug.Upload makes the files, for this process, and removes them when it has ended. On a
%% node without Plug, or on which Plug is not started, they are in a directory below the
%% system's temporary one, and another process removes that. Until run, the process ends with
%% the connection to the gateway.
Remove = fun Remove(Path) ->
    case file:del_dir_r(Path) of
        {error, eexist} -> Remove(Path); % the system still made a file in it
        Removed -> Removed
    end
end,
Own = fun() ->
    Path = filename:join('Elixir.System':'tmp_dir!'(), Directory),
    Owner = self(),
    Keep = fun() ->
        Monitor = erlang:monitor(process, Owner), % before there is anything to remove
        Made =
            case file:make_dir(Path) of
                ok -> file:change_mode(Path, 8#700);
                Refused -> Refused
            end,
        Owner ! {self(), Made},
        receive {'DOWN', Monitor, _, _, _} -> Made =:= ok andalso Remove(Path) end
    end,
    case filelib:is_dir(Path) of
        true ->
            ok; % an earlier file of this process has made it
        false ->
            Keeper = spawn(Keep),
            receive
                {Keeper, ok} -> ok;
                {Keeper, Problem} -> erlang:error({Path, Problem})
            end
    end,
    filename:join(Path, integer_to_binary(erlang:unique_integer([positive])))
end,
New = fun() ->
    try 'Elixir.Plug.Upload':random_file(<<"multipart">>) of
        {ok, Path} -> Path;
        Failed -> erlang:error({'Elixir.Plug.Upload', random_file, Failed})
    catch
        error:undef -> Own();
        error:badarg -> Own() % Plug is not started
    end
end,
Struct =
    case code:ensure_loaded('Elixir.Plug.Upload') of
        {module, Plug} -> Plug:'__struct__'();
        _ -> #{}
    end,
Receive = fun Receive(Uploads, File) ->
    receive
        {Gateway, Piece} when is_binary(Piece) ->
            ok = file:write(File, Piece),
            erlang:send(Gateway, written, [noconnect]),
            Receive(Uploads, File);
        {Gateway, {file, Name, Filename, Type}} ->
            File =:= none orelse file:close(File),
            Path = New(),
            {ok, Next} = file:open(Path, [write, raw]),
            Receive(Uploads#{Name => Struct#{path => Path, filename => Filename, content_type => Type}}, Next);
        {Gateway, run} ->
            File =:= none orelse file:close(File),
            Uploads;
        {nodedown, _} ->
            exit(nodedown)
    end
end,
erlang:monitor_node(node(Gateway), true),
erlang:send(Gateway, {ready, self()}, [noconnect]),
Uploads = Receive(#{}, none),
erlang:monitor_node(node(Gateway), false),
receive {nodedown, _} -> gone after 0 -> here end,
[apply(Module, Function, Arguments) || {Module, Function, Arguments} <- Setup],
With = fun(Values) -> Values#{'__absinthe_plug__' => #{uploads => Uploads}} end,
Run = fun(Values) -> {run, 'Elixir.Absinthe':run(Document, Schema, [{context, With(Values)} | Options])} end,
case Context of
    {map, Map} ->
        Run(Map);
    {Agent, Hash, Source, Respond} ->
        At = case Source of {map, _} -> 2; _ -> 5 end, % where the map is
        All = setelement(At, Source, With(element(At, Source))),
        {false, Value} = Agent:serve(Hash, Document, Schema, Options, All, [], Respond),
        Value;
    {from, From, Build, Claims, Map} ->
        Built =
            try From:Build(Claims) of
                {ok, Ok} when is_map(Ok) -> Ok;
                Returned -> Returned
            catch
                Class:Reason:Stack -> erlang:raise(Class, {{From, Build, 1}, Reason}, Stack)
            end,
        case is_map(Built) of
            true -> Run(maps:merge(Map, Built));
            false -> {returned, Built}
        end
end.
