
%% ---- Plugs, and what the application adds to a response

%% serve(Hash, Document, Schema, Options, Context, Setup, Respond) is run/6 for documents
%% with functions of the application that Absinthe.Plug would call. Hash is
%% as for runner/4, Context as for build/1.
%%
%% Value is {answered, Status, Headers, Built, Outcome}, with the context that an
%% application's function has built or none; {halted, Status, Headers, Body}; or {returned,
%% Other} if that function did not return a map. Respond is none; {conn, BeforeSend}: the
%% conn, after the function BeforeSend if it is not none, has the headers; or {function,
%% Function}, which gets the context and the result, and returns status, headers and cookies.
%% Status is none, or that of the function.
serve(Hash, Document, Schema, Options, Context, Setup, Respond) ->
    set_up(Setup),
    case runner(Hash, Document, Schema, Options) of
        unknown -> unknown;
        {Kept, Run} -> {Kept, answer(Run, Options, build(Context), Respond)}
    end.

answer(Run, Options, {ok, Conn, Context, More, Built}, Respond) ->
    case Run(More ++ [{context, Context} | Options]) of
        {ok, Blueprint} = Answer ->
            {Status, Headers} = respond(Respond, Conn, Blueprint),
            {answered, Status, Headers, Built, result(Answer)};
        Error ->
            {answered, none, [], Built, Error}
    end;
answer(_, _, Refused, _) ->
    Refused.

%% build(Context) returns {ok, Conn, Context, Options, Built}. Context is {map, Map}; {from,
%% Module, Function, Claims, Map, Returned} as for run/6, which makes Built; or {conn, Request,
%% Plugs, Endpoint, Map}: plugs run on a conn, and set context and options of Absinthe, the
%% former merged over Map, or have it return {halted, Status, Headers, Body}.
build({map, Map}) ->
    {ok, none, Map, [], none};
build({from, Module, Function, Claims, Map, Returned}) ->
    case build_context(Module, Function, Claims) of
        Built when is_map(Built), Returned -> {ok, none, maps:merge(Map, Built), [], Built};
        Built when is_map(Built) -> {ok, none, maps:merge(Map, Built), [], none};
        Other -> {returned, Other}
    end;
build({conn, Request, Plugs, Endpoint, Map}) ->
    case plug(endpoint(Endpoint, conn(Request)), Plugs) of
        #{halted := false, state := State, private := Private} = Conn when State =:= unset; State =:= set ->
            Absinthe = maps:get(absinthe, Private, #{}),
            Options = maps:with([root_value, analyze_complexity, max_complexity], Absinthe),
            {ok, Conn, maps:merge(Map, maps:get(context, Absinthe, #{})), maps:to_list(Options), none};
        Conn ->
            halted(Conn)
    end.

%% pipeline returns what a function for the option pipeline of Absinthe.Plug returns.
pipeline({Module, Function}, Document, Schema, Options) ->
    Context = option(context, Options),
    Root = case option(root_value, Options) of nil -> #{}; Value -> Value end,
    Adapter = 'Elixir.Absinthe.Adapter.LanguageConventions',
    Config = #{
        adapter => Adapter, context => Context, root_value => Root, schema_mod => Schema, pubsub => maps:get(pubsub, Context, nil),
        pipeline => {Module, Function}, before_send => nil, conn_private => #{http_method => <<"POST">>},
        raw_options => [Option || {Name, _} = Option <- Options, lists:member(Name, [analyze_complexity, max_complexity, token_limit])]
    },
    call_application(Module, Function, [Config, Options ++ [{schema, Schema}, {document, Document}, {adapter, Adapter}, {root_value, Root}]]).

%% conn returns a %Plug.Conn{}, whose adapter is this module. It has no body.
conn({Method, Scheme, Host, Port, Path, Query, Address, Headers}) ->
    Conn = 'Elixir.Plug.Conn':'__struct__'(),
    Params = params(Query),
    Conn#{
        adapter := {louche_agent, Address}, owner := self(), method := Method, scheme := Scheme, host := Host, port := Port,
        request_path := Path, path_info := binary:split(Path, <<"/">>, [global, trim_all]), query_string := Query,
        query_params := Params, params := Params, remote_ip := Address, req_headers := Headers, resp_headers := [], body_params := #{}
    }.

%% params returns the parameters of a query string. A malformed one has none.
params(<<>>) ->
    #{};
params(Query) ->
    try
        'Elixir.Plug.Conn.Query':decode(Query)
    catch
        error:_ -> #{}
    end.

%% endpoint sets what a Phoenix endpoint does.
endpoint(none, Conn) ->
    Conn;
endpoint(Endpoint, #{private := Private} = Conn) ->
    code:ensure_loaded(Endpoint),
    case erlang:function_exported(Endpoint, config, 1) of
        true -> Conn#{private := Private#{phoenix_endpoint => Endpoint}, secret_key_base := Endpoint:config(secret_key_base)};
        false -> Conn
    end.

%% plug runs plugs in order, modules and {Module, Function}, until one halts.
plug(#{halted := false} = Conn, [{Module, Function} | Plugs]) ->
    plug(call_application(Module, Function, [Conn, []]), Plugs);
plug(#{halted := false} = Conn, [Module | Plugs]) ->
    Options = call_application(Module, init, [[]]),
    plug(call_application(Module, call, [Conn, Options]), Plugs);
plug(Conn, _) ->
    Conn.

halted(#{state := set} = Conn) ->
    halted('Elixir.Plug.Conn':send_resp(Conn));
halted(#{state := sent, status := Status, resp_headers := Headers, resp_body := Body}) ->
    {halted, Status, Headers, Body};
halted(_) ->
    error(plug_halted_without_response).

respond(none, _, _) ->
    {none, []};
respond({conn, none}, Conn, _) ->
    #{resp_headers := Headers} = 'Elixir.Plug.Conn':send_resp(Conn, 200, <<>>), % runs the callbacks of plugs
    {none, Headers};
respond({conn, {Module, Function}}, Conn, Blueprint) ->
    respond({conn, none}, call_application(Module, Function, [Conn, Blueprint]), Blueprint);
respond({function, {Module, Function}}, _, #{execution := #{context := Context}, result := Result}) ->
    Response = call_application(Module, Function, [Context, Result]),
    try
        Headers = lists:map(fun({Name, Value}) -> {Name, iolist_to_binary(Value)} end, pairs(headers, Response)),
        Cookies = lists:map(fun({Name, Cookie}) -> {<<"set-cookie">>, cookie(Name, Cookie)} end, pairs(cookies, Response)),
        {maps:get(status, Response, none), Headers ++ Cookies}
    catch
        error:_ -> error({{Module, Function, 2}, {bad_response, Response}})
    end.

pairs(Key, Response) ->
    case maps:get(Key, Response, []) of
        Map when is_map(Map) -> maps:to_list(Map);
        List -> List
    end.

%% cookie returns the value of Set-Cookie, with the defaults of Plug.
cookie(Name, Value) when is_binary(Value) ->
    cookie(Name, #{value => Value});
cookie(Name, #{value := Value} = Options) ->
    Attributes = [attribute(Key, maps:get(Key, Options, Default))
        || {Key, Default} <- [{path, <<"/">>}, {domain, nil}, {max_age, nil}, {secure, false}, {http_only, true}, {same_site, nil}]],
    iolist_to_binary([Name, $=, part(Value) | Attributes]).

attribute(_, Absent) when Absent =:= nil; Absent =:= false -> [];
attribute(path, Path) -> [<<"; path=">>, part(Path)];
attribute(domain, Domain) -> [<<"; domain=">>, part(Domain)];
attribute(max_age, Seconds) -> [<<"; max-age=">>, integer_to_binary(Seconds)];
attribute(secure, true) -> <<"; secure">>;
attribute(http_only, true) -> <<"; HttpOnly">>;
attribute(same_site, Value) -> [<<"; SameSite=">>, part(Value)].

%% part returns a part of a cookie, which cannot begin another one.
part(Text) ->
    nomatch = binary:match(Text, <<";">>),
    Text.

%% call_application names the function in the reason of a crash, and leaves conns out of it:
%% they have the credentials of the request.
call_application(Module, Function, Arguments) ->
    try
        apply(Module, Function, Arguments)
    catch
        error:#{'__struct__' := 'Elixir.Plug.Conn.WrapperError', kind := Kind, reason := Reason, stack := Stack} ->
            erlang:raise(Kind, {{Module, Function, length(Arguments)}, without_conns(Reason)}, Stack);
        Class:Reason:Stack ->
            erlang:raise(Class, {{Module, Function, length(Arguments)}, without_conns(Reason)}, Stack)
    end.

without_conns(#{'__struct__' := 'Elixir.Plug.Conn' = Struct}) -> Struct;
without_conns(#{} = Map) -> maps:map(fun(_, Value) -> without_conns(Value) end, Map);
without_conns(Tuple) when is_tuple(Tuple) -> list_to_tuple(without_conns(tuple_to_list(Tuple)));
without_conns([First | Rest]) -> [without_conns(First) | without_conns(Rest)];
without_conns(Term) -> Term.

%% The adapter of conns (Plug.Conn.Adapter). It sends nothing: the conn has the response.
send_resp(Address, _, _, Body) -> {ok, iolist_to_binary(Body), Address}.
read_req_body(Address, _) -> {ok, <<>>, Address}.
get_peer_data(Address) -> #{address => Address, port => 0, ssl_cert => nil}.
get_http_protocol(_) -> 'HTTP/1.1'.
inform(_, _, _) -> {error, not_supported}.
upgrade(_, _, _) -> {error, not_supported}.
push(_, _, _) -> {error, not_supported}.
