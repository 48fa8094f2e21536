%% The expressions of a process that subscribes a document and forwards its results to the
%% gateway, after those of run.erl. The bindings are those of run.erl; PubSub, the module;
%% Gateway, the pid of a mailbox; and Credit, how many messages the mailbox takes. Each
%% {Gateway, More} of the gateway adds to it.
%%
%% The process sends {subscribed, Pid}, and then {Lost, Result} for each result or {Lost}.
%% Lost counts the results before it that were not sent, for want of credit, or because the
%% connection was busy. If Absinthe does not subscribe the document, the value is {run, Answer},
%% {returned, Other} if the application's function did not return a map, or {halted, Status,
%% Header, Body} if a plug halted.
%%
%% After a second without results it collects its garbage. Nothing of it stays on the node. It
%% ends with the connection to the gateway, with the pubsub, whose registries are linked, and
%% when the gateway kills it.
Forward = fun Forward(Left, Lost, Idle) ->
    receive
        {Gateway, More} when is_integer(More), Lost =:= 0 ->
            Forward(Left + More, 0, Idle);
        {Gateway, More} when is_integer(More) ->
            case erlang:send(Gateway, {Lost}, [nosuspend, noconnect]) of
                ok -> Forward(Left + More - 1, 0, Idle);
                _ -> Forward(Left + More, Lost, Idle)
            end;
        {nodedown, _} ->
            gone;
        Message ->
            Result =
                case Message of
                    #{payload := #{result := Of}} -> Of; % %Phoenix.Socket.Broadcast{}
                    {broadcast, #{result := Of}} -> Of;
                    #{result := Of} -> Of;
                    _ -> none
                end,
            case Result =/= none andalso Left > 0 andalso erlang:send(Gateway, {Lost, Result}, [nosuspend, noconnect]) of
                ok -> Forward(Left - 1, 0, 1000);
                _ when Result =:= none -> Forward(Left, Lost, Idle);
                _ -> Forward(Left, Lost + 1, 1000)
            end
    after Idle ->
        erlang:garbage_collect(),
        Forward(Left, Lost, infinity)
    end
end,
process_flag(trap_exit, true), % while Absinthe runs, as under a web server
Outcome =
    case Run(#{}) of
        {answered, _, _, _, Answer} -> {run, Answer};
        Other -> Other
    end,
case Outcome of
    {run, {ok, #{<<"subscribed">> := Topic}}} ->
        case PubSub:subscribe(Topic) of
            {error, Refused} -> exit({PubSub, subscribe, Refused});
            _ -> ok
        end,
        process_flag(trap_exit, false),
        erlang:monitor_node(node(Gateway), true),
        erlang:send(Gateway, {subscribed, self()}, [noconnect]),
        Forward(Credit - 1, 0, 0);
    _ ->
        Outcome
end.
